// Exiting by _exit(2). Node's own shutdown joins the threads of its platform, some of which a fork
// lacks (an assertion or a hang), and resets the flags of stdio to those at startup, although other
// processes write to the same pipe.
#include <node.h>
#include <signal.h>
#include <unistd.h>

#include "error.h"
#include "exports.h"

namespace {

// The original process object, even if the program replaces the global of that name. Never freed:
// it is needed last.
struct Leaving {
  v8::Isolate* isolate;
  v8::Global<v8::Context> context;
  v8::Global<v8::Object> process;
};
Leaving* leaving = nullptr;

// `process.exitCode` after all 'exit' listeners ran; Node offers no other way to read it. It is a
// getter written in JavaScript, and Node forbids JavaScript while it cleans up, but nothing is
// freed yet when our hook runs.
int ExitCode() {
  v8::Isolate* isolate = leaving->isolate;
  v8::Isolate::AllowJavascriptExecutionScope allow(isolate);
  v8::HandleScope scope(isolate);
  v8::TryCatch ignore(isolate);
  v8::Local<v8::Context> context = leaving->context.Get(isolate);
  v8::Context::Scope entered(context);
  v8::Local<v8::Value> code;
  v8::Local<v8::String> key = v8::String::NewFromUtf8Literal(isolate, "exitCode");
  if (!leaving->process.Get(isolate)->Get(context, key).ToLocal(&code)) return 1;
  return code->IsUndefined() ? 0 : code->Int32Value(context).FromMaybe(1);
}

// After process.exit, an uncaught exception or an unhandled rejection: Node has run the listeners
// and passes the code.
void ExitWith(node::Environment*, int code) { _exit(code); }

// After the event loop is empty: Node has run the listeners and frees its environment, the latest
// hooks first.
void ExitWhenIdle(void*) { _exit(ExitCode()); }

// Without a JavaScript listener, Node's own handler of SIGINT and SIGTERM resets stdio's flags
// before it dies of the signal. Only Node's own handler is installed with SA_RESETHAND, libuv's are
// not.
void DieOfSignalWithoutReset(int signal) {
  struct sigaction current;
  if (sigaction(signal, nullptr, &current) != 0 || (current.sa_flags & SA_RESETHAND) == 0) return;
  struct sigaction fatal = {};
  fatal.sa_handler = SIG_DFL;
  sigaction(signal, &fatal, nullptr);
}

}  // namespace

void ExitWithoutShutdown(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (getpid() != gettid())
    return ThrowRefusal(isolate, EPERM, "exitWithoutShutdown", "only the main thread can");
  if (leaving != nullptr) return;  // Inherited by a newborn.
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  node::Environment* environment = node::GetCurrentEnvironment(context);
  v8::Local<v8::String> key = v8::String::NewFromUtf8Literal(isolate, "process");
  v8::Local<v8::Value> process;
  if (!context->Global()->Get(context, key).ToLocal(&process)) return;
  if (environment == nullptr || !process->IsObject())
    return ThrowRefusal(isolate, EINVAL, "exitWithoutShutdown", "there is no Node environment");
  leaving = new Leaving{isolate, v8::Global<v8::Context>(isolate, context),
                        v8::Global<v8::Object>(isolate, process.As<v8::Object>())};
  node::SetProcessExitHandler(environment, ExitWith);
  node::AddEnvironmentCleanupHook(isolate, ExitWhenIdle, nullptr);
  DieOfSignalWithoutReset(SIGINT);
  DieOfSignalWithoutReset(SIGTERM);
}
