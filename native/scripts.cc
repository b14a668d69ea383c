// Which script a call came from, and in which script a function was written: the two ways to tell a
// library's doing from the app's.
#include <string.h>
#include <v8.h>

#include "exports.h"

namespace {

// Between the function that asks and a library are our own frames and helpers of Node (promisify).
// Each frame costs time in every call that is watched.
constexpr int kMostFrames = 8;

bool IsNodes(v8::Isolate* isolate, v8::Local<v8::String> name) {
  char start[6] = {};
  v8::String::Utf8Value text(isolate, name);
  if (*text != nullptr) strncpy(start, *text, sizeof start - 1);
  return strcmp(start, "node:") == 0;
}

}  // namespace

void CallerScript(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::HandleScope scope(isolate);
  info.GetReturnValue().SetNull();
  auto stack = v8::StackTrace::CurrentStackTrace(isolate, kMostFrames, v8::StackTrace::kScriptName);
  v8::Local<v8::String> own;
  for (int index = 0; index < stack->GetFrameCount(); index++) {
    v8::Local<v8::String> script =
        stack->GetFrame(isolate, static_cast<uint32_t>(index))->GetScriptName();
    if (index == 0) own = script;
    if (script.IsEmpty() || script->Length() == 0) continue;
    if ((!own.IsEmpty() && script->StringEquals(own)) || IsNodes(isolate, script)) continue;
    return info.GetReturnValue().Set(script);
  }
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
