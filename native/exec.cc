// Replacing this program by another, under the same pid (hot restart). Signals that arrive while
// neither program can handle them stay pending: they are blocked across execve(2), and the addon,
// preloaded into the next Node, keeps that Node from unblocking them before its program is ready.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arguments.h"
#include "error.h"
#include "exports.h"

namespace {

constexpr uint32_t kMostTexts = 1 << 20;
constexpr uint32_t kMostDescriptors = 1 << 20;
constexpr char kHandOver[] = "PITCHFORK_HAND_OVER";

// All requests to a monitor. Not SIGCHLD: code that waits for a child while the next program starts
// would wait for ever, and exited children are polled for anyway.
constexpr int kHeld[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP,  SIGUSR1,
                         SIGUSR2, SIGURG, SIGTTIN, SIGTTOU, SIGPWR};
// These would end or stop a Node without the preloaded addon, and can be sent again.
constexpr int kHarmlessToLose[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGPWR};

sigset_t HeldSignals() {
  sigset_t held;
  sigemptyset(&held);
  for (int signal : kHeld) sigaddset(&held, signal);
  return held;
}

using Sigmask = int(int how, const sigset_t* set, sigset_t* before);

// Other threads do not block these signals, and would consume those meant for the next program, so
// they forward them. Signals pending for the thread that calls execve(2) stay pending.
bool forwarding = false;
pthread_t holder;
struct sigaction handlers[sizeof kHeld / sizeof *kHeld];

void Forward(int signal) { pthread_kill(holder, signal); }

enum class Hold { kUnknown, kHolding, kOver };
Hold hold = Hold::kUnknown;

bool IsHolding() {
  if (hold == Hold::kUnknown) hold = getenv(kHandOver) == nullptr ? Hold::kOver : Hold::kHolding;
  return hold == Hold::kHolding;
}

bool SetCloseOnExec(int fd, bool close_on_exec) {
  return fcntl(fd, F_SETFD, close_on_exec ? FD_CLOEXEC : 0) == 0;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

// A preloaded addon's definition comes before glibc's. Node clears its mask first of all, before it
// installs any handler.
extern "C" __attribute__((visibility("default"))) int pthread_sigmask(int how, const sigset_t* set,
                                                                      sigset_t* before) noexcept {
  static auto* next = reinterpret_cast<Sigmask*>(dlsym(RTLD_NEXT, "pthread_sigmask"));
  if (set == nullptr || !IsHolding()) return next(how, set, before);
  sigset_t wanted = *set;
  for (int signal : kHeld) {
    if (how == SIG_SETMASK) sigaddset(&wanted, signal);
    if (how == SIG_UNBLOCK) sigdelset(&wanted, signal);
  }
  return next(how, &wanted, before);
}

void HoldSignals(const v8::FunctionCallbackInfo<v8::Value>& info) {
  sigset_t held = HeldSignals();
  int number = pthread_sigmask(SIG_BLOCK, &held, nullptr);
  if (number != 0) return ThrowErrno(info.GetIsolate(), number, "pthread_sigmask");
  if (forwarding) return;
  forwarding = true;
  holder = pthread_self();
  struct sigaction forward = {};
  forward.sa_handler = Forward;
  forward.sa_flags = SA_RESTART;
  size_t at = 0;
  for (int signal : kHeld) sigaction(signal, &forward, &handlers[at++]);
}

void ReleaseSignals(const v8::FunctionCallbackInfo<v8::Value>& info) {
  hold = Hold::kOver;
  size_t at = 0;
  if (forwarding)
    for (int signal : kHeld) sigaction(signal, &handlers[at++], nullptr);
  forwarding = false;
  sigset_t held = HeldSignals();
  int number = pthread_sigmask(SIG_UNBLOCK, &held, nullptr);
  if (number != 0) ThrowErrno(info.GetIsolate(), number, "pthread_sigmask");
}

void MemoryFile(const v8::FunctionCallbackInfo<v8::Value>& info) {
  int fd = memfd_create("pitchfork-hand-over", MFD_CLOEXEC);
  if (fd < 0) return ThrowErrno(info.GetIsolate(), errno, "memfd_create");
  info.GetReturnValue().Set(fd);
}

void CloseOnExec(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "closeOnExec");
  std::vector<int> fds = arguments.Integers(arguments.At(0), "fds", 0, kMostDescriptors);
  if (!arguments.valid()) return;
  // One that is not open fails where it is used.
  for (int fd : fds) SetCloseOnExec(fd, true);
}

void Exec(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "exec");
  std::string file = arguments.Name(arguments.At(0), "file");
  std::vector<std::string> command = arguments.Texts(arguments.At(1), "command", kMostTexts);
  std::vector<std::string> environment =
      arguments.Texts(arguments.At(2), "environment", kMostTexts);
  std::vector<int> keep = arguments.Integers(arguments.At(3), "keep", 0, kMostDescriptors);
  if (!arguments.valid()) return;

  // Node marks even these close-on-exec when it starts.
  for (int stdio : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) keep.push_back(stdio);
  std::vector<char*> argv = Pointers(&command);
  std::vector<char*> envp = Pointers(&environment);
  sigset_t pending;
  sigpending(&pending);
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before[sizeof kHarmlessToLose / sizeof *kHarmlessToLose] = {};

  // Ignoring a pending signal would discard it.
  size_t at = 0;
  for (int signal : kHarmlessToLose)
    sigaction(signal, sigismember(&pending, signal) ? nullptr : &ignore, &before[at++]);
  int number = 0;
  for (int fd : keep)
    if (number == 0 && !SetCloseOnExec(fd, false)) number = errno;
  if (number == 0) {
    execve(file.c_str(), argv.data(), envp.data());
    number = errno;
  }
  // execve failed: restore everything.
  for (int fd : keep) SetCloseOnExec(fd, true);
  at = 0;
  for (int signal : kHarmlessToLose) sigaction(signal, &before[at++], nullptr);
  ThrowErrno(info.GetIsolate(), number, "execve " + file);
}
