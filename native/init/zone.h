// The names that the resolver knows: hosts(5) lines of endpoints, by network. Pure, and bounded: it lies in memory that the
// caller gives, zeroed, of which it touches only what it needs.
#pragma once

#include "address.h"

namespace tinyrun {

class Zone {
 public:
  static constexpr size_t kEndpoints = 8192, kText = 4096, kFile = 65;

  // What the endpoint `file` of a network says now, or no more. What is beyond kText is left out; nothing is where all places
  // are taken.
  void put(uint16_t network, const char* file, const char* text, size_t size);
  void remove(uint16_t network, const char* file);
  void clear(uint16_t network);

  // The addresses of a name, lower case, into `found` from `count` on, as far as there is room. Whether there is that name.
  bool find(uint16_t network, const char* name, size_t size, Address* found, size_t room, size_t& count) const;
  // The first name of an address; false: it has none.
  bool nameOf(uint16_t network, const Address& address, const char*& name, size_t& size) const;

 private:
  static constexpr uint32_t kNames = 1u << 16, kBuckets = 1u << 14;

  // Numbers are indices plus one, 0: none.
  struct Name {
    uint32_t next;         // of the bucket of its text
    uint32_t nextAddress;  // of the bucket of its address, where it is the first of its line
    uint32_t sibling;      // of the endpoint
    uint16_t network;
    uint16_t endpoint;
    uint16_t at;           // in the endpoint's text
    uint8_t size;
    bool first;
    Address address;
  };
  struct Endpoint {
    bool used;
    uint16_t network;
    uint32_t names;
    char file[kFile];
  };

  size_t placeOf(uint16_t network, const char* file) const;
  void forget(size_t endpoint);
  void line(size_t endpoint, size_t at, size_t end);
  void add(size_t endpoint, size_t at, size_t size, const Address& address, bool first);
  const char* textOf(const Name& name) const { return texts_[name.endpoint] + name.at; }

  uint32_t byName_[kBuckets];
  uint32_t byAddress_[kBuckets];
  uint32_t used_;      // of names_, ever
  uint32_t free_;      // a list by `next`
  size_t high_;        // endpoints behind which there is none
  Name names_[kNames];
  Endpoint endpoints_[kEndpoints];
  char texts_[kEndpoints][kText];
};

}  // namespace tinyrun
