#pragma once

#include <string>

namespace llmx::serve {

/// Whom an address belongs to, as far as it tells: an IPv4 address stands for one machine, the first half of
/// an IPv6 address for one network, whose machines have as many addresses as they want.
std::string source_of(const std::string& address);

}  // namespace llmx::serve
