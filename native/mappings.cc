// Reading /proc/self/maps and smaps, and madvise(2); see mappings.h.
#include "mappings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "error.h"
#include "exports.h"

namespace {

// Valid for the process that made it; a newborn maps memory of its own and makes its own list.
std::vector<Mapping> remembered;
pid_t remembered_by = 0;

// Grown to the size of the file, and kept for the next fork.
std::vector<char> text;

// Reads a whole /proc file into `text`, as a string. Uses read(2) alone, into memory that exists
// already; if that is too small it grows and reading starts over, so that no memory is mapped
// during the read that counts.
int ReadWhole(const char* path) {
  if (text.empty()) text.resize(256 * 1024);
  for (;;) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    size_t size = 0;
    ssize_t got = 0;
    while (size < text.size() - 1 &&
           ((got = read(fd, text.data() + size, text.size() - 1 - size)) > 0 ||
            (got < 0 && errno == EINTR)))
      size += got > 0 ? static_cast<size_t>(got) : 0;
    int number = got < 0 ? errno : 0;
    close(fd);
    if (number != 0) return number;
    if (size < text.size() - 1) {
      text[size] = '\0';
      return 0;
    }
    text.resize(text.size() * 2);
  }
}

uintptr_t ReadHex(const char** at) {
  uintptr_t value = 0;
  for (;; (*at)++) {
    char c = **at;
    if (c >= '0' && c <= '9')
      value = value * 16 + static_cast<uintptr_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      value = value * 16 + static_cast<uintptr_t>(c - 'a' + 10);
    else
      return value;
  }
}

const char* SkipField(const char* at) {
  while (*at != ' ' && *at != '\n' && *at != '\0') at++;
  while (*at == ' ') at++;
  return at;
}

// True for a header line "start-end rwxp offset device inode name" of a private mapping without a
// file. The vdso and the like ("[v…]") belong to the kernel.
bool ParsePrivateAnonymous(const char* line, Mapping* mapping) {
  const char* at = line;
  mapping->start = ReadHex(&at);
  if (at == line || *at++ != '-') return false;
  mapping->end = ReadHex(&at);
  if (*at++ != ' ' || at[3] != 'p') return false;
  at = SkipField(SkipField(SkipField(at)));
  if (at[0] != '0' || at[1] != ' ') return at[0] == '0' && at[1] == '\n';
  at = SkipField(at);
  return !(at[0] == '[' && at[1] == 'v');
}

const char* NextLine(const char* line) {
  const char* end = strchr(line, '\n');
  return end == nullptr ? nullptr : end + 1;
}

// True if the smaps line "VmFlags: rd wr … dc …" has the mark.
bool IsMarkedLine(const char* line, const char* next) {
  for (const char* at = line + strlen("VmFlags:"); at + 2 < next; at++)
    if (at[0] == ' ' && at[1] == 'd' && at[2] == 'c') return true;
  return false;
}

// Only smaps shows the mark. Reading it walks the page tables: 14 ms at 266 MiB.
int ListMarked(std::vector<Mapping>* marked) {
  marked->clear();
  int number = ReadWhole("/proc/self/smaps");
  if (number != 0) return number;
  Mapping current = {};
  bool usable = false;
  const char* next = nullptr;
  for (const char* line = text.data(); line != nullptr && *line != '\0'; line = next) {
    next = NextLine(line);
    if ((*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f'))
      usable = ParsePrivateAnonymous(line, &current);
    else if (usable && next != nullptr && strncmp(line, "VmFlags:", 8) == 0 &&
             IsMarkedLine(line, next))
      marked->push_back(current);
  }
  return 0;
}

}  // namespace

int Mappings::Prepare() {
  if (remembered_by == getpid()) {
    marked_ = remembered;
    return 0;
  }
  return ListMarked(&marked_);
}

int Mappings::ShareWithChild() {
  int number = ReadWhole("/proc/self/maps");
  if (number != 0) return number;
  size_t kept = 0;
  size_t candidate = 0;
  const char* next = nullptr;
  for (const char* line = text.data(); line != nullptr && *line != '\0'; line = next) {
    next = NextLine(line);
    Mapping mapping;
    if (!ParsePrivateAnonymous(line, &mapping)) continue;
    // EINVAL: a mapping that was never marked (of a driver, or huge pages), with nothing to undo.
    size_t size = mapping.end - mapping.start;
    if (madvise(reinterpret_cast<void*>(mapping.start), size, MADV_DOFORK) != 0 && errno != EINVAL)
      return errno;
    // Both lists are in order. A mapping that has changed since it was remembered may have another
    // owner now, and marking malloc's memory would break every child_process: leave it out.
    while (candidate < marked_.size() && marked_[candidate].start < mapping.start) candidate++;
    if (candidate < marked_.size() && marked_[candidate] == mapping)
      marked_[kept++] = marked_[candidate++];
  }
  marked_.resize(kept);
  return 0;
}

void Mappings::KeepFromForks() const {
  // A failure costs time at the next child_process, no more.
  for (const Mapping& mapping : marked_)
    madvise(reinterpret_cast<void*>(mapping.start), mapping.end - mapping.start, MADV_DONTFORK);
}

void RememberMappings(const v8::FunctionCallbackInfo<v8::Value>& info) {
  int number = ListMarked(&remembered);
  if (number != 0) return ThrowErrno(info.GetIsolate(), number, "read /proc/self/smaps");
  remembered_by = getpid();
  info.GetReturnValue().Set(static_cast<uint32_t>(remembered.size()));
}
