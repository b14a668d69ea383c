// Which of this process's memory a fork copies. V8 marks its mappings MADV_DONTFORK, so a plain
// fork has no JavaScript heap: they are made inheritable for the instant of our fork. Afterwards
// they are marked again, on both sides, since every child_process would copy their page tables
// otherwise.
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
  // Takes the list of marked mappings, unless this process did before (rememberMappings). 0 or an
  // errno.
  int Prepare();
  // Between this and the fork nothing may map memory. 0 or an errno.
  int ShareWithChild();
  // On both sides, after the fork or in place of it.
  void KeepFromForks() const;

 private:
  std::vector<Mapping> marked_;
};
