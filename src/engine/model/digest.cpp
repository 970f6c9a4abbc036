#include "engine/model/digest.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <span>
#include <vector>

#include "engine/model/load.hpp"
#include "engine/model/model_impl.hpp"

namespace llmx {

engine::Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
}

void engine::Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

void engine::Sha256::add(std::span<const std::byte> bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string engine::Sha256::first_16() {
    std::array<unsigned char, 32> digest{};
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    std::string hex;
    for (std::size_t i = 0; i < 8; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
}

std::string engine::sha256_16(std::string_view bytes) {
    Sha256 sha256;
    sha256.add(std::as_bytes(std::span(bytes)));
    return sha256.first_16();
}

void engine::set_digest(ModelImpl& impl, std::string sha256_16) { impl.sha256_16 = std::move(sha256_16); }

std::string Model::sha256_16() const {
    const std::lock_guard lock(impl_->digest_mutex);
    if (!impl_->sha256_16.empty()) return impl_->sha256_16;

    engine::Sha256 sha256;
    std::vector<char> buffer(std::size_t{1} << 20);
    for (const std::filesystem::path& path : impl_->files) {
        std::ifstream file(path, std::ios::binary);
        while (file) {
            file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
            sha256.add(std::as_bytes(std::span(buffer)).first(static_cast<std::size_t>(file.gcount())));
        }
        if (!file.eof()) {
            throw Error(ErrorCode::model,
                        fmt::format("model {}: cannot be read again for its digest", impl_->facts.path));
        }
    }
    impl_->sha256_16 = sha256.first_16();
    return impl_->sha256_16;
}

}  // namespace llmx
