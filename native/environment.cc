// The environment that this program was started with, as others find it in /proc/PID/environ:
// unsetenv(3) only forgets where a variable is.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "error.h"
#include "exports.h"

namespace {

struct Block {
  char* begin = nullptr;
  char* end = nullptr;
};

// The fields env_start and env_end of proc_pid_stat(5), the 50th and 51st. False with errno.
bool FindEnvironment(Block* block) {
  constexpr int kFieldsBetween = 47;
  FILE* file = fopen("/proc/self/stat", "re");
  if (file == nullptr) return false;
  char text[2048];
  size_t size = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[size] = '\0';
  errno = EPROTO;
  // The command's name, the second field, may hold anything.
  const char* at = strrchr(text, ')');
  for (int field = 0; at != nullptr && field <= kFieldsBetween; field++) at = strchr(at + 1, ' ');
  unsigned long begin = 0;
  unsigned long end = 0;
  if (at == nullptr || sscanf(at, "%lu %lu", &begin, &end) != 2) return false;
  block->begin = reinterpret_cast<char*>(begin);
  block->end = reinterpret_cast<char*>(end);
  return true;
}

}  // namespace

void EraseVariable(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "eraseVariable");
  std::string start = arguments.Name(arguments.At(0), "name") + "=";
  if (!arguments.valid()) return;
  Block block;
  if (!FindEnvironment(&block))
    return ThrowErrno(info.GetIsolate(), errno, "find the environment in /proc/self/stat");
  for (char* at = block.begin; at < block.end; at += strlen(at) + 1) {
    size_t length = strlen(at);
    if (strncmp(at, start.data(), start.size()) != 0) continue;
    // The zeros count as empty strings.
    explicit_bzero(at + start.size(), length - start.size());
  }
}
