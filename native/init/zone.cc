#include "zone.h"

namespace tinyrun {

namespace {

uint32_t hash(uint16_t network, const void* data, size_t size) {
  const auto* const bytes = static_cast<const uint8_t*>(data);
  uint32_t value = 2166136261u ^ network;
  for (size_t i = 0; i < size; ++i) value = (value ^ bytes[i]) * 16777619u;
  return value ^ value >> 15;
}

bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// Takes an entry out of the list that starts at `link`.
template <class Next>
void unlinkFrom(uint32_t* link, uint32_t number, Next next) {
  while (*link != 0 && *link != number) link = next(*link);
  if (*link == number) *link = *next(number);
}

}  // namespace

size_t Zone::placeOf(uint16_t network, const char* file) const {
  for (size_t i = 0; i < high_; ++i) {
    const Endpoint& endpoint = endpoints_[i];
    if (endpoint.used && endpoint.network == network && __builtin_strcmp(endpoint.file, file) == 0) return i;
  }
  return kEndpoints;
}

void Zone::forget(size_t index) {
  Endpoint& endpoint = endpoints_[index];
  for (uint32_t number = endpoint.names; number != 0;) {
    Name& name = names_[number - 1];
    unlinkFrom(&byName_[hash(name.network, textOf(name), name.size) % kBuckets], number,
               [this](uint32_t n) { return &names_[n - 1].next; });
    if (name.first)
      unlinkFrom(&byAddress_[hash(name.network, name.address.bytes, name.address.size) % kBuckets], number,
                 [this](uint32_t n) { return &names_[n - 1].nextAddress; });
    const uint32_t sibling = name.sibling;
    name.next = free_;
    free_ = number;
    number = sibling;
  }
  endpoint.names = 0;
  endpoint.used = false;
  while (high_ != 0 && !endpoints_[high_ - 1].used) --high_;
}

void Zone::add(size_t index, size_t at, size_t size, const Address& address, bool first) {
  if (size == 0 || size > 253) return;
  uint32_t number = free_;
  if (number != 0) free_ = names_[number - 1].next;
  else if (used_ < kNames) number = ++used_;
  else return;
  Endpoint& endpoint = endpoints_[index];
  Name& name = names_[number - 1];
  name = {};
  name.network = endpoint.network;
  name.endpoint = static_cast<uint16_t>(index);
  name.at = static_cast<uint16_t>(at);
  name.size = static_cast<uint8_t>(size);
  name.first = first;
  name.address = address;
  name.sibling = endpoint.names;
  endpoint.names = number;
  uint32_t& bucket = byName_[hash(name.network, textOf(name), size) % kBuckets];
  name.next = bucket;
  bucket = number;
  if (!first) return;
  uint32_t& other = byAddress_[hash(name.network, address.bytes, address.size) % kBuckets];
  name.nextAddress = other;
  other = number;
}

void Zone::line(size_t index, size_t at, size_t end) {
  const char* const text = texts_[index];
  Address address;
  for (size_t word = 0; at < end; ++word) {
    while (at < end && isSpace(text[at])) ++at;
    size_t stop = at;
    while (stop < end && !isSpace(text[stop])) ++stop;
    if (stop == at || text[at] == '#') return;
    if (word != 0) add(index, at, stop - at, address, word == 1);
    else if (!parseAddress(text + at, stop - at, address)) return;
    at = stop;
  }
}

void Zone::put(uint16_t network, const char* file, const char* text, size_t size) {
  if (__builtin_strlen(file) >= kFile) return;
  size_t index = placeOf(network, file);
  if (index != kEndpoints) forget(index);
  for (index = 0; index < high_ && endpoints_[index].used;) ++index;
  if (index == kEndpoints) return;
  if (index == high_) ++high_;
  Endpoint& endpoint = endpoints_[index];
  endpoint = {true, network, 0, {}};
  __builtin_memcpy(endpoint.file, file, __builtin_strlen(file));
  if (size > kText) size = kText;
  for (size_t i = 0; i < size; ++i)
    texts_[index][i] = static_cast<char>(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
  for (size_t at = 0; at < size;) {
    size_t end = at;
    while (end < size && texts_[index][end] != '\n') ++end;
    if (end == size) return;   // half a line
    line(index, at, end);
    at = end + 1;
  }
}

void Zone::remove(uint16_t network, const char* file) {
  if (const size_t index = placeOf(network, file); index != kEndpoints) forget(index);
}

void Zone::clear(uint16_t network) {
  for (size_t i = high_; i-- > 0;)
    if (endpoints_[i].used && endpoints_[i].network == network) forget(i);
}

bool Zone::find(uint16_t network, const char* text, size_t size, Address* found, size_t room, size_t& count) const {
  bool known = false;
  for (uint32_t n = byName_[hash(network, text, size) % kBuckets]; n != 0; n = names_[n - 1].next) {
    const Name& name = names_[n - 1];
    if (name.network != network || name.size != size || __builtin_memcmp(textOf(name), text, size) != 0) continue;
    known = true;
    if (count < room) found[count++] = name.address;
  }
  return known;
}

bool Zone::nameOf(uint16_t network, const Address& address, const char*& text, size_t& size) const {
  for (uint32_t n = byAddress_[hash(network, address.bytes, address.size) % kBuckets]; n != 0; n = names_[n - 1].nextAddress) {
    const Name& name = names_[n - 1];
    if (name.network != network || !(name.address == address)) continue;
    text = textOf(name);
    size = name.size;
    return true;
  }
  return false;
}

}  // namespace tinyrun
