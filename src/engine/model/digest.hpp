#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace llmx::engine {

class Sha256 {
public:
    Sha256();
    void add(std::span<const std::byte> bytes);
    /// First 16 hex digits; once only.
    std::string first_16();

private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// First 16 hex digits of the SHA-256 of these bytes.
std::string sha256_16(std::string_view bytes);

}  // namespace llmx::engine
