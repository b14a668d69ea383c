// Reports the JavaScript stack that blocks the event loop. The monitor asks by a signal. Any thread
// can request an interrupt from V8, but a signal handler cannot, because that takes locks and
// allocates. So the handler wakes a thread that only waits for it, and V8 calls back on the main
// thread at its next interrupt check, in a loop, a call or a regular expression. Only workers have
// the thread, so no fork ever copies it.
#include "watchdog.h"

#include <errno.h>
#include <limits.h>
#include <node.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <uv.h>

#include <algorithm>

#include "arguments.h"
#include "children.h"
#include "error.h"
#include "exports.h"
#include "messages.h"

namespace {

constexpr int kMostFrames = 32;
constexpr size_t kStackBytes = 256 * 1024;
// A name can be a whole program: `data:text/javascript,…`.
constexpr size_t kMostBytesOfAName = 1024;
constexpr int kNone = -1;
// The audit recognises the thread by its name (lib/fork-safety/audit/threads.ts).
constexpr char kThreadName[] = "pitchfork-watch";

// Next to the signal of the monitor's death (children.cc).
int AskingSignal() { return SIGRTMAX - 3; }

sem_t asked;
pthread_t watcher;
// Written before the watcher is woken, which reads it afterwards.
bool ends = false;
// Used by the main thread only; kNone without a watchdog.
int channel = kNone;

// Only async-signal-safe calls here.
void Wake(int) {
  int saved = errno;
  sem_post(&asked);
  errno = saved;
}

void AppendJson(const std::string& text, std::string* out) {
  for (unsigned char byte : text) {
    char escaped[8];
    if (byte < 0x20) {
      snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      *out += escaped;
    } else {
      if (byte == '"' || byte == '\\') *out += '\\';
      *out += static_cast<char>(byte);
    }
  }
}

std::string Text(v8::Isolate* isolate, v8::Local<v8::String> text, const char* otherwise) {
  if (text.IsEmpty() || text->Length() == 0) return otherwise;
  v8::String::Utf8Value bytes(isolate, text);
  if (*bytes == nullptr) return otherwise;
  return std::string(*bytes, std::min(static_cast<size_t>(bytes.length()), kMostBytesOfAName));
}

// In the form of Error.stack.
std::string DescribeStack(v8::Isolate* isolate) {
  std::string lines;
  auto stack = v8::StackTrace::CurrentStackTrace(isolate, kMostFrames, v8::StackTrace::kDetailed);
  for (int index = 0; index < stack->GetFrameCount(); index++) {
    v8::Local<v8::StackFrame> frame = stack->GetFrame(isolate, static_cast<uint32_t>(index));
    if (index > 0) lines += '\n';
    lines += "at " + Text(isolate, frame->GetFunctionName(), "<anonymous>") + " (" +
             Text(isolate, frame->GetScriptNameOrSourceURL(), "<unknown>") + ":" +
             std::to_string(frame->GetLineNumber()) + ":" + std::to_string(frame->GetColumn()) +
             ")";
  }
  return lines;
}

// A message sent now would split one that the event loop has partly written.
bool IsIdle(uv_loop_t* loop, int fd) {
  struct Search {
    int fd;
    bool idle;
  } search = {fd, false};
  uv_walk(
      loop,
      [](uv_handle_t* handle, void* argument) {
        auto* wanted = static_cast<Search*>(argument);
        uv_os_fd_t found;
        if (handle->type != UV_NAMED_PIPE || uv_fileno(handle, &found) != 0) return;
        if (found == wanted->fd)
          wanted->idle =
              uv_stream_get_write_queue_size(reinterpret_cast<uv_stream_t*>(handle)) == 0;
      },
      &search);
  return search.idle;
}

// On the main thread, in the middle of any JavaScript: it must not run JavaScript itself.
void Report(v8::Isolate* isolate, void*) {
  v8::HandleScope scope(isolate);
  uv_loop_t* loop = node::GetCurrentEventLoop(isolate);
  if (channel == kNone || loop == nullptr || !IsIdle(loop, channel)) return;
  std::string message = "{\"type\":\"stuck\",\"stack\":\"";
  AppendJson(DescribeStack(isolate), &message);
  // A monitor that does not read cannot be reached.
  SendWhole(channel, message + "\"}\n", {});
}

void* Watch(void* isolate) {
  for (;;) {
    while (sem_wait(&asked) != 0) continue;
    if (ends) return nullptr;
    static_cast<v8::Isolate*>(isolate)->RequestInterrupt(Report, nullptr);
  }
}

// 0 or an errno. The thread blocks all signals: they are for the main one.
int StartWatcher(v8::Isolate* isolate) {
  pthread_attr_t attributes;
  int number = pthread_attr_init(&attributes);
  if (number != 0) return number;
  pthread_attr_setstacksize(&attributes, kStackBytes);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  number = pthread_create(&watcher, &attributes, Watch, isolate);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (number == 0) pthread_setname_np(watcher, kThreadName);
  return number;
}

// 0 or an errno.
int TakeSignal() {
  struct sigaction action = {};
  action.sa_handler = Wake;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  if (sigaction(AskingSignal(), &action, nullptr) != 0) return errno;
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, AskingSignal());
  return pthread_sigmask(SIG_UNBLOCK, &wanted, nullptr);
}

}  // namespace

void EndWatcher() {
  if (channel == kNone) return;
  channel = kNone;
  ends = true;
  sem_post(&asked);
  pthread_join(watcher, nullptr);
}

void StartWatchdog(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "startWatchdog");
  int fd = arguments.Descriptor(arguments.At(0), "channel");
  if (!arguments.valid()) return;
  v8::Isolate* isolate = info.GetIsolate();
  if (channel != kNone)
    return ThrowRefusal(isolate, EALREADY, "startWatchdog", "there is a watchdog already");
  ends = false;
  sem_init(&asked, 0, 0);
  int number = StartWatcher(isolate);
  if (number != 0) return ThrowErrno(isolate, number, "pthread_create");
  channel = fd;
  number = TakeSignal();
  if (number == 0) return;
  EndWatcher();
  ThrowErrno(isolate, number, "sigaction");
}

void StopWatchdog(const v8::FunctionCallbackInfo<v8::Value>&) { EndWatcher(); }

void AskForStack(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "askForStack");
  pid_t pid = arguments.Integer(arguments.At(0), "pid", kLeastPid, INT_MAX);
  if (!arguments.valid()) return;
  int number = !IsChild(pid) ? ESRCH : kill(pid, AskingSignal()) != 0 ? errno : 0;
  if (number != 0) ThrowErrno(info.GetIsolate(), number, "kill " + std::to_string(pid));
}
