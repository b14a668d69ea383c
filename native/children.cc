// Parents and children: subreapers, death signals, process groups, and exit statuses.
#include "children.h"

#include <errno.h>
#include <limits.h>
#include <node.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "arguments.h"
#include "error.h"
#include "exports.h"

namespace {

constexpr uint32_t kMostPids = 65536;
constexpr int kMostGraceMs = 3600 * 1000;

// Input of the signal handler, written before the signal can arrive.
itimerval grace;

// Not one of the last two realtime signals, which some profilers use; glibc reserves 32 and 33.
int MonitorDiedSignal() { return SIGRTMAX - 2; }

// The kernel's timer ends the process even if JavaScript never returns to the event loop: SIGALRM's
// default action needs neither the loop nor a thread. Only async-signal-safe calls here.
void StartGrace(int, siginfo_t*, void* interrupted) {
  int saved = errno;
  struct sigaction fatal = {};
  fatal.sa_handler = SIG_DFL;
  sigaction(SIGALRM, &fatal, nullptr);
  // On return the kernel restores the mask in the handler's context; a mask set with sigprocmask
  // would not outlive the handler.
  sigdelset(&static_cast<ucontext_t*>(interrupted)->uc_sigmask, SIGALRM);
  setitimer(ITIMER_REAL, &grace, nullptr);
  errno = saved;
}

// False with errno.
bool ArmGrace(int grace_ms) {
  grace = {};
  grace.it_value.tv_sec = grace_ms / 1000;
  grace.it_value.tv_usec = grace_ms % 1000 * 1000;
  struct sigaction action = {};
  action.sa_sigaction = StartGrace;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigemptyset(&action.sa_mask);
  if (sigaction(MonitorDiedSignal(), &action, nullptr) != 0) return false;
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, MonitorDiedSignal());
  errno = pthread_sigmask(SIG_UNBLOCK, &wanted, nullptr);
  return errno == 0;
}

v8::MaybeLocal<v8::Object> ToObject(v8::Isolate* isolate, pid_t pid, int status) {
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Value> code = v8::Null(isolate);
  v8::Local<v8::Value> signal = v8::Null(isolate);
  if (WIFSIGNALED(status)) {
    v8::Local<v8::String> name;
    if (!v8::String::NewFromUtf8(isolate, node::signo_string(WTERMSIG(status))).ToLocal(&name))
      return {};
    signal = name;
  } else {
    code = v8::Integer::New(isolate, WEXITSTATUS(status));
  }
  v8::Local<v8::Object> exit = v8::Object::New(isolate);
  if (exit->Set(context, v8::String::NewFromUtf8Literal(isolate, "pid"),
                v8::Integer::New(isolate, pid))
          .IsNothing() ||
      exit->Set(context, v8::String::NewFromUtf8Literal(isolate, "code"), code).IsNothing() ||
      exit->Set(context, v8::String::NewFromUtf8Literal(isolate, "signal"), signal).IsNothing())
    return {};
  return exit;
}

}  // namespace

void BecomeSubreaper(const v8::FunctionCallbackInfo<v8::Value>& info) {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
    ThrowErrno(info.GetIsolate(), errno, "prctl PR_SET_CHILD_SUBREAPER");
}

void DieWithMonitor(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "dieWithMonitor");
  pid_t monitor = arguments.Integer(arguments.At(0), "monitorPid", 1, INT_MAX);
  int grace_ms = arguments.Integer(arguments.At(1), "graceMs", 0, kMostGraceMs);
  if (!arguments.valid()) return;
  v8::Isolate* isolate = info.GetIsolate();
  std::string gone = "dieWithMonitor " + std::to_string(monitor);

  // No need to wait: in a newborn, forkSibling returns only after the subreaper has adopted it.
  if (getppid() != monitor)
    return ThrowRefusal(isolate, ESRCH, gone, "the parent is process " + std::to_string(getppid()));
  if (grace_ms > 0 && !ArmGrace(grace_ms)) return ThrowErrno(isolate, errno, "sigaction");
  int signal = grace_ms > 0 ? MonitorDiedSignal() : SIGKILL;
  if (prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0)
    return ThrowErrno(isolate, errno, "prctl PR_SET_PDEATHSIG");
  // It may have died before the kernel recorded our request.
  if (getppid() != monitor) ThrowErrno(isolate, ESRCH, gone);
}

void LeadProcessGroup(const v8::FunctionCallbackInfo<v8::Value>& info) {
  // The leader of a session leads a group already, and EPERM would be the answer.
  if (getpgrp() != getpid() && setpgid(0, 0) != 0) ThrowErrno(info.GetIsolate(), errno, "setpgid");
}

void Reap(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "reap");
  std::vector<int> pids = arguments.Integers(arguments.At(0), "pids", 1, kMostPids);
  if (!arguments.valid()) return;
  v8::Isolate* isolate = info.GetIsolate();
  std::vector<v8::Local<v8::Value>> exits;
  for (pid_t pid : pids) {
    int status = 0;
    pid_t ended;
    do {
      ended = waitpid(pid, &status, WNOHANG);
    } while (ended < 0 && errno == EINTR);
    v8::Local<v8::Object> exit;
    if (ended != pid) continue;
    if (!ToObject(isolate, pid, status).ToLocal(&exit)) return;
    exits.push_back(exit);
  }
  info.GetReturnValue().Set(v8::Array::New(isolate, exits.data(), exits.size()));
}

void PeekEndedChild(const v8::FunctionCallbackInfo<v8::Value>& info) {
  siginfo_t child = {};
  if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) != 0 && errno != ECHILD)
    return ThrowErrno(info.GetIsolate(), errno, "waitid");
  if (child.si_pid == 0)
    info.GetReturnValue().SetNull();
  else
    info.GetReturnValue().Set(child.si_pid);
}

// Running, or ended and not reaped. Only the main thread reaps, so the answer holds until it does.
bool IsChild(pid_t pid) {
  siginfo_t child = {};
  return waitid(P_PID, static_cast<id_t>(pid), &child, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void IsChild(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "isChild");
  pid_t pid = arguments.Integer(arguments.At(0), "pid", kLeastPid, INT_MAX);
  if (arguments.valid()) info.GetReturnValue().Set(IsChild(pid));
}

void SignalChild(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "signalChild");
  pid_t pid = arguments.Integer(arguments.At(0), "pid", kLeastPid, INT_MAX);
  int signal = arguments.Integer(arguments.At(1), "signal", 1, SIGRTMAX);
  if (!arguments.valid()) return;
  if (!IsChild(pid)) return info.GetReturnValue().Set(false);
  // An ended one takes the signal without any effect.
  if (kill(pid, signal) != 0)
    return ThrowErrno(info.GetIsolate(), errno, "kill " + std::to_string(pid));
  info.GetReturnValue().Set(true);
}

void Pid(const v8::FunctionCallbackInfo<v8::Value>& info) { info.GetReturnValue().Set(getpid()); }
