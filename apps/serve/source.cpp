#include "source.hpp"

#include <arpa/inet.h>

namespace llmx::serve {

std::string source_of(const std::string& address) {
    in6_addr v6;
    if (inet_pton(AF_INET6, address.c_str(), &v6) != 1) return address;
    const auto* bytes = reinterpret_cast<const char*>(&v6);
    if (IN6_IS_ADDR_V4MAPPED(&v6)) return {bytes + 12, 4};
    return {bytes, 8};
}

}  // namespace llmx::serve
