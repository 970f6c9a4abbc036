#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "engine/model_impl.hpp"
extern "C" {
#include <hash/sha256/sha256.h>
}

namespace llmx {

std::string Model::sha256_16() const {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->sha256_16.empty()) return impl_->sha256_16;

    std::ifstream file(impl_->file, std::ios::binary);
    sha256_t state;
    sha256_init(&state);
    std::vector<char> buffer(std::size_t{1} << 20);
    while (file) {
        file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        sha256_update(&state, reinterpret_cast<const unsigned char*>(buffer.data()),
                      static_cast<std::size_t>(file.gcount()));
    }
    if (!file.eof()) {
        throw Error(ErrorCode::model,
                    fmt::format("model {}: cannot be read again for its digest", impl_->facts.path));
    }
    std::array<unsigned char, SHA256_DIGEST_SIZE> digest{};
    sha256_final(&state, digest.data());
    std::string hex;
    for (std::size_t i = 0; i < 8; ++i) hex += fmt::format("{:02x}", digest[i]);
    impl_->sha256_16 = hex;
    return hex;
}

}  // namespace llmx
