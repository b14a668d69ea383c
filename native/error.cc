// Throws errors of system calls; see error.h.
#include "error.h"

#include <string.h>
#include <uv.h>

namespace {

v8::MaybeLocal<v8::String> NewString(v8::Isolate* isolate, const std::string& text) {
  return v8::String::NewFromUtf8(isolate, text.c_str(), v8::NewStringType::kNormal);
}

}  // namespace

void ThrowRefusal(v8::Isolate* isolate, int number, const std::string& what,
                  const std::string& reason) {
  // libuv's names need no newer glibc, unlike strerrorname_np(3).
  char name[32];
  uv_err_name_r(-number, name, sizeof name);
  v8::HandleScope scope(isolate);
  v8::Local<v8::String> message;
  v8::Local<v8::String> code;
  v8::Local<v8::String> key;
  // Only a string longer than V8 allows fails; V8 has thrown a RangeError then.
  if (!NewString(isolate, std::string(name) + ": " + what + ": " + reason).ToLocal(&message) ||
      !NewString(isolate, name).ToLocal(&code) || !NewString(isolate, "code").ToLocal(&key))
    return;
  v8::Local<v8::Value> error = v8::Exception::Error(message);
  if (error->IsObject() && error.As<v8::Object>()
                               ->CreateDataProperty(isolate->GetCurrentContext(), key, code)
                               .IsNothing())
    return;
  isolate->ThrowException(error);
}

void ThrowErrno(v8::Isolate* isolate, int number, const std::string& what) {
  char text[128];
  ThrowRefusal(isolate, number, what, strerror_r(number, text, sizeof text));
}
