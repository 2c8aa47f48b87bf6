// Text as JSON, escaped as Go's encoder does, which Docker's files are written with.
#pragma once

#include <stddef.h>

namespace tinyrun {

// As many bytes as a text of `size` may take: each as \u0000.
inline constexpr size_t escapedSize(size_t size) { return size * 6; }

// What goes between the quotes. Answers how many bytes that is.
size_t escapeJson(char* to, const char* text, size_t size);

}  // namespace tinyrun
