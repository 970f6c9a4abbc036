#include "engine/digest.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <vector>

#include "engine/model_impl.hpp"

namespace llmx {
namespace {

using Digest = std::array<unsigned char, 32>;

class Sha256 {
public:
    Sha256() {
        OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
        EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
    }
    void add(const char* bytes, std::size_t count) { EVP_DigestUpdate(context_.get(), bytes, count); }
    Digest end() {
        Digest digest{};
        EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
        return digest;
    }

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

std::string first_16(const Digest& digest) {
    std::string hex;
    for (std::size_t i = 0; i < 8; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
}

}  // namespace

std::string engine::sha256_16(std::string_view bytes) {
    Sha256 sha256;
    sha256.add(bytes.data(), bytes.size());
    return first_16(sha256.end());
}

std::string Model::sha256_16() const {
    const std::lock_guard lock(impl_->digest_mutex);
    if (!impl_->sha256_16.empty()) return impl_->sha256_16;

    Sha256 sha256;
    std::vector<char> buffer(std::size_t{1} << 20);
    for (const std::filesystem::path& path : impl_->files) {
        std::ifstream file(path, std::ios::binary);
        while (file) {
            file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
            sha256.add(buffer.data(), static_cast<std::size_t>(file.gcount()));
        }
        if (!file.eof()) {
            throw Error(ErrorCode::model,
                        fmt::format("model {}: cannot be read again for its digest", impl_->facts.path));
        }
    }
    impl_->sha256_16 = first_16(sha256.end());
    return impl_->sha256_16;
}

}  // namespace llmx
