// fork(2) of a running Node process. docs/how-it-forks.md explains the steps and their order.
#include <errno.h>
#include <node.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "arguments.h"
#include "error.h"
#include "exports.h"
#include "mappings.h"
#include "messages.h"
#include "newborn.h"
#include "restartable-sequences.h"
#include "v8-pool.h"
#include "watchdog.h"

namespace {

constexpr int kPerishStatus = 70;  // EX_SOFTWARE
constexpr int64_t kHandOverTimeoutNs = 1000 * 1000 * 1000;

// The newborn's channel, or -1.
int channel = -1;

// The result of a fork. In the newborn, pid is 0.
struct Birth {
  pid_t pid = -1;
  int number = 0;
  // The intermediate process, for a sibling.
  pid_t middle = 0;
};

using Method = Birth (*)();

constexpr int kNoWitness = -1;

// The kernel attaches this process's pid to the byte (SO_PASSCRED). The first act of a newborn:
// whatever becomes of it, its pid is known. A failure means that no monitor is left to read it.
void BearWitness(int fd) {
  if (fd != kNoWitness && send(fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
}

Birth ForkChild() {
  Birth birth;
  birth.pid = fork();
  birth.number = errno;
  return birth;
}

// vfork(2) makes a middle process that runs in this very memory, on this very stack, while this
// thread waits; it forks the newborn, stores its pid in that memory, and exits. So page tables are
// copied once, not twice. The middle must not return from here; the newborn may, having a copy of
// its own. glibc's fork in the middle runs the atfork handlers and takes and releases malloc's
// locks in the shared memory: to the other threads it is as if this thread forked.
__attribute__((noinline)) Birth ForkSiblingThroughMiddle() {
  volatile pid_t born = -1;
  volatile pid_t middle_pid = 0;
  volatile int number = 0;
  pid_t middle = vfork();
  if (middle == 0) {
    middle_pid = getpid();
    pid_t pid = fork();
    if (pid != 0) {
      number = errno;
      born = pid;
      _exit(0);
    }
    return {0, 0, middle_pid};
  }
  Birth birth;
  birth.middle = middle;
  if (middle < 0) {
    birth.number = errno;
    return birth;
  }
  birth.pid = born;
  // -1 without an errno: the middle was killed before it could fork.
  birth.number = born < 0 && number == 0 ? ECHILD : number;
  while (waitpid(middle, nullptr, 0) < 0 && errno == EINTR) continue;
  return birth;
}

// The subreaper adopts the newborn as soon as the kernel has torn down the middle.
void AwaitHandOver(pid_t middle) {
  uint64_t deadline = uv_hrtime() + kHandOverTimeoutNs;
  while (getppid() == middle && uv_hrtime() < deadline) sched_yield();
}

// Handles that another thread has woken while this one was busy. uv_loop_fork loses their wakeups
// (uv__async_fork in libuv's unix/async.c), so a V8 task posted to the main thread would never run
// in the newborn.
std::vector<uv_async_t*> ListWoken(uv_loop_t* loop) {
  std::vector<uv_async_t*> woken;
  uv_walk(
      loop,
      [](uv_handle_t* handle, void* list) {
        auto* async = reinterpret_cast<uv_async_t*>(handle);
        if (handle->type == UV_ASYNC && !uv_is_closing(handle) && async->pending != 0)
          static_cast<std::vector<uv_async_t*>*>(list)->push_back(async);
      },
      &woken);
  return woken;
}

// Makes what the newborn shares with its parent its own, and its threads anew.
Failure MakeWhole(uv_loop_t* loop, ParkedPool* pool) {
  int number = -uv_loop_fork(loop);
  if (number != 0) return {"uv_loop_fork", number};
  if (Failure failure = pool->Revive()) return failure;
  if (Failure failure = OwnDeadEnds()) return failure;
  return OwnDescriptors(loop);
}

// Called with all signals blocked and V8's workers parked.
Birth ForkParked(Method method, int witness, uv_loop_t* loop, Mappings* mappings,
                 ParkedPool* pool) {
  std::vector<uv_async_t*> woken = ListWoken(loop);
  Birth birth;
  birth.number = mappings->ShareWithChild();
  if (birth.number == 0) birth = method();
  if (birth.pid == 0) {
    BearWitness(witness);
    if (birth.middle != 0) RegisterRestartableSequences();
    if (Failure failure = MakeWhole(loop, pool)) Perish(failure);
    for (uv_async_t* async : woken) uv_async_send(async);
  } else {
    pool->Release();
  }
  mappings->KeepFromForks();
  return birth;
}

// False with EPERM or EBUSY thrown.
bool MayFork(v8::Isolate* isolate, const char* name, uv_loop_t* loop) {
  if (getpid() != gettid()) {
    ThrowRefusal(isolate, EPERM, name, "only the main thread can");
    return false;
  }
  if (loop->active_reqs.count == 0) return true;
  ThrowRefusal(isolate, EBUSY, name,
               "requests of the event loop are under way (" +
                   std::to_string(loop->active_reqs.count) + "): let them end first");
  return false;
}

void ForkBy(Method method, const char* name, const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, name);
  channel = info.Length() < 1 ? -1 : arguments.Descriptor(arguments.At(0), "channel");
  int witness = info.Length() < 2 ? kNoWitness : arguments.Descriptor(arguments.At(1), "witness");
  if (!arguments.valid()) return;
  v8::Isolate* isolate = info.GetIsolate();
  v8::HandleScope scope(isolate);
  node::Environment* environment = node::GetCurrentEnvironment(isolate->GetCurrentContext());
  uv_loop_t* loop = node::GetCurrentEventLoop(isolate);
  if (environment == nullptr || loop == nullptr)
    return ThrowRefusal(isolate, EINVAL, name, "there is no Node environment");
  if (!MayFork(isolate, name, loop)) return;
  EndWatcher();

  Mappings mappings;
  int number = mappings.Prepare();
  if (number != 0) return ThrowErrno(isolate, number, "read /proc/self/smaps");
  std::shared_ptr<ParkedPool> pool;
  number = ParkedPool::Park(isolate, node::GetMultiIsolatePlatform(environment), &pool);
  if (number != 0) return ThrowErrno(isolate, number, std::string(name) + ": park V8's workers");
  if (!pool->SaveStacks()) {
    pool->Release();
    return ThrowRefusal(isolate, ENOTSUP, name, "the stack of a V8 worker is unknown");
  }

  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Birth birth = ForkParked(method, witness, loop, &mappings, pool.get());
  if (birth.pid == 0) {
    if (birth.middle != 0) AwaitHandOver(birth.middle);
    uv_update_time(loop);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (birth.pid < 0) return ThrowErrno(isolate, birth.number, name);
  info.GetReturnValue().Set(birth.pid);
}

}  // namespace

void Perish(Failure failure) {
  std::string reason = failure.reason;
  if (failure.number != 0) {
    char text[128];
    char name[32];
    uv_err_name_r(-failure.number, name, sizeof name);
    reason =
        std::string(name) + ": " + reason + ": " + strerror_r(failure.number, text, sizeof text);
  }
  std::string line =
      "pitchfork-ts: newborn " + std::to_string(getpid()) + " cannot live: " + reason + "\n";
  // A failure of this write cannot be reported.
  if (write(STDERR_FILENO, line.data(), line.size()) < 0) _exit(kPerishStatus);
  // None of these texts needs an escape in JSON.
  if (channel >= 0)
    SendWhole(
        channel,
        "{\"type\":\"failed\",\"step\":\"fork\",\"reason\":\"" + reason + "\",\"stack\":null}\n",
        {});
  _exit(kPerishStatus);
}

void Fork(const v8::FunctionCallbackInfo<v8::Value>& info) { ForkBy(ForkChild, "fork", info); }

void ForkSibling(const v8::FunctionCallbackInfo<v8::Value>& info) {
  ForkBy(ForkSiblingThroughMiddle, "forkSibling", info);
}

void ActiveRequests(const v8::FunctionCallbackInfo<v8::Value>& info) {
  uv_loop_t* loop = node::GetCurrentEventLoop(info.GetIsolate());
  info.GetReturnValue().Set(loop == nullptr ? 0 : static_cast<uint32_t>(loop->active_reqs.count));
}
