// What a container writes, kept as Docker's json-file driver keeps it: one line of JSON for each line, in `json.log` of
// the container's directory, `json.log.1` and so on the older ones.
//
//   {"log":"a line\n","stream":"stdout","time":"2026-11-27T12:00:00.123456789Z"}
//
// A line of more than 16 KiB is cut into pieces of that size; all but the last have no line feed, and so has what was left
// unfinished at the end. A file that has its size is renamed and a new one begun. Whole lines only are ever written, by
// one write(2) for many: what has no room is taken back and counted, and told in the log when there is room again. No
// failure of the log is the program's.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "json.h"

namespace tinyrun {

class Log {
 public:
  enum Source : uint8_t { output = 0, errors = 1 };

  // In `dir`, an fd that stays open meanwhile; files of `bytes`, at most `files` of them, none: no log. Nothing is made yet.
  void begin(int dir, uint64_t bytes, uint32_t files);
  bool on() const { return files_ != 0; }
  // What was read just now.
  void add(Source source, const char* text, size_t size);
  // It has ended: unfinished lines, too.
  void finish();

 private:
  static constexpr size_t kPiece = 16384;
  static constexpr size_t kRecord = escapedSize(kPiece) + 128;   // and what is around it
  static constexpr size_t kWord = 320;   // of a loss, at most
  struct Unfinished {
    size_t size = 0;
    char text[kPiece];
  };

  void piece(Source source, const char* text, size_t size);
  void put(const char* text, size_t size);
  void putEscaped(const char* text, size_t size);
  void putRecord(Source source, const char* text, size_t size);
  void write();
  long writeWhole(const char* text, size_t size);
  long tellLost();
  void tellAtLast();
  bool open();
  void rotate();

  int dir_ = -1;
  int file_ = -1;
  uint64_t bytes_ = 0;
  uint32_t files_ = 0;
  uint64_t size_ = 0;         // of the file
  uint64_t lost_ = 0;         // lines
  int why_ = 0;               // errno of the last loss
  uint32_t lines_ = 0;        // in out_
  size_t outSize_ = 0;
  char time_[40] = {};
  size_t timeSize_ = 0;
  Unfinished unfinished_[2];
  char out_[kRecord + 65536];
};

}  // namespace tinyrun
