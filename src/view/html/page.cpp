#include "view/html/page.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "view/html/assets.hpp"
#include "view/markup.hpp"

namespace llmx::view {

std::string csp_hash(std::string_view text) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
    unsigned char base64[4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1];
    EVP_EncodeBlock(base64, digest, SHA256_DIGEST_LENGTH);
    return fmt::format("'sha256-{}'", reinterpret_cast<const char*>(base64));
}

std::string inert(std::string json) {
    for (std::size_t at = json.find('<'); at != std::string::npos; at = json.find('<', at + 6))
        json.replace(at, 1, "\\u003c");
    return json;
}

std::string page(const PageParts& parts) {
    std::string styles, scripts, style_hashes, script_hashes, start;
    const auto add_script = [&](std::string_view text, std::string& to) {
        to += fmt::format("<script>{}</script>\n", text);
        script_hashes += ' ' + csp_hash(text);
    };
    for (const Asset& asset : assets()) {
        if (asset.name.starts_with("app/") && !parts.app) continue;
        if (asset.name.ends_with(".css")) {
            styles += fmt::format("<style>{}</style>\n", asset.text);
            style_hashes += ' ' + csp_hash(asset.text);
        } else {
            add_script(asset.text, asset.name == "start.js" ? start : scripts);
        }
    }
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src{}; "
        "style-src{}; "
        "img-src data: blob:; connect-src {}; base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n"
        "<title>{}</title>\n{}</head>\n<body>\n"
        "<noscript>This page draws its pictures by a script of its own; it loads nothing from "
        "elsewhere.</noscript>\n"
        "<script type=\"application/json\" id=\"data\">{}</script>\n{}{}</body>\n</html>\n",
        script_hashes, style_hashes, parts.app ? "'self'" : "'none'", markup_escaped(parts.title), styles,
        inert(parts.data_json), scripts, start);
}

}  // namespace llmx::view
