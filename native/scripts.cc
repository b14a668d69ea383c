// The scripts of a call's stack frames, and the script that defines a function: the two ways to
// tell a library's actions from the app's.
#include <string.h>
#include <v8.h>

#include "arguments.h"
#include "exports.h"

namespace {

// Each frame costs time in every watched call.
constexpr int kMostFrames = 64;

bool IsNodes(v8::Isolate* isolate, v8::Local<v8::String> name) {
  char start[6] = {};
  v8::String::Utf8Value text(isolate, name);
  if (*text != nullptr) strncpy(start, *text, sizeof start - 1);
  return strcmp(start, "node:") == 0;
}

}  // namespace

void CallerScripts(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "callerScripts");
  int frames = arguments.Integer(arguments.At(0), "frames", 1, kMostFrames);
  uint32_t most = static_cast<uint32_t>(arguments.Integer(arguments.At(1), "most", 1, kMostFrames));
  if (!arguments.valid()) return;
  v8::Isolate* isolate = info.GetIsolate();
  v8::HandleScope scope(isolate);
  v8::Local<v8::Array> scripts = v8::Array::New(isolate);
  auto stack = v8::StackTrace::CurrentStackTrace(isolate, frames, v8::StackTrace::kScriptName);
  v8::Local<v8::String> own;
  v8::Local<v8::String> last;
  for (int index = 0; index < stack->GetFrameCount() && scripts->Length() < most; index++) {
    v8::Local<v8::String> script =
        stack->GetFrame(isolate, static_cast<uint32_t>(index))->GetScriptName();
    if (index == 0) own = script;
    if (script.IsEmpty() || script->Length() == 0 || IsNodes(isolate, script)) continue;
    if ((!own.IsEmpty() && script->StringEquals(own)) ||
        (!last.IsEmpty() && script->StringEquals(last)))
      continue;
    scripts->Set(isolate->GetCurrentContext(), scripts->Length(), script).Check();
    last = script;
  }
  info.GetReturnValue().Set(scripts);
}

void ScriptOf(const v8::FunctionCallbackInfo<v8::Value>& info) {
  info.GetReturnValue().SetNull();
  v8::Local<v8::Value> value = info[0];
  while (value->IsFunction()) {
    v8::Local<v8::Function> function = value.As<v8::Function>();
    v8::Local<v8::Value> bound = function->GetBoundFunction();
    if (bound->IsFunction()) {
      value = bound;
      continue;
    }
    v8::Local<v8::Value> script = function->GetScriptOrigin().ResourceName();
    if (!script.IsEmpty() && script->IsString() && script.As<v8::String>()->Length() > 0)
      info.GetReturnValue().Set(script);
    return;
  }
}
