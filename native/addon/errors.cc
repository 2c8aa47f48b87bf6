#include "errors.h"

#include <cctype>
#include <cstring>

namespace tinyrun {

std::string flagNames(uint64_t flags, std::initializer_list<FlagName> names) {
  std::string text;
  auto add = [&](std::string_view name) {
    if (!text.empty()) text += ',';
    text += name;
  };
  for (const auto& [bits, name] : names) {
    if (bits == 0 || (flags & bits) != bits) continue;
    add(name);
    flags &= ~bits;
  }
  if (flags != 0) {
    char rest[24];
    snprintf(rest, sizeof rest, "0x%llx", static_cast<unsigned long long>(flags));
    add(rest);
  }
  return text;
}

std::string errorCode(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : "E" + std::to_string(error);
}

std::string errorText(int error) {
  const char* text = strerrordesc_np(error);
  if (text == nullptr) return "unknown error " + std::to_string(error);
  std::string lower = text;
  // "Operation not permitted" becomes lower case, "RFS specific error" stays.
  if (lower.size() > 1 && islower(static_cast<unsigned char>(lower[1]))) lower[0] = static_cast<char>(tolower(lower[0]));
  return lower;
}

}  // namespace tinyrun
