// The memory that a fork copies. V8 marks its mappings MADV_DONTFORK, so a plain fork has no
// JavaScript heap: they are made inheritable for the instant of our fork. Afterwards they are
// marked again, on both sides, because every child_process would copy their page tables otherwise.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <vector>

struct Mapping {
  uintptr_t start;
  uintptr_t end;
  bool operator==(const Mapping& other) const { return start == other.start && end == other.end; }
};

class Mappings {
 public:
  // Lists the marked mappings, unless this process has done so already (rememberMappings). 0 or an
  // errno.
  int Prepare();
  // Nothing may map memory between this call and the fork. 0 or an errno.
  int ShareWithChild();
  // On both sides after the fork, or when there is none after all.
  void KeepFromForks() const;

 private:
  std::vector<Mapping> marked_;
};
