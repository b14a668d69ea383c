// Reads and validates arguments; see arguments.h.
#include "arguments.h"

#include <errno.h>
#include <limits.h>

#include "error.h"

Arguments::Arguments(const v8::FunctionCallbackInfo<v8::Value>& info, const char* function)
    : info_(info), isolate_(info.GetIsolate()), function_(function) {}

void Arguments::Refuse(const char* name, const std::string& expectation) {
  valid_ = false;
  ThrowRefusal(isolate_, EINVAL, std::string(function_) + ": " + name, "expected " + expectation);
}

v8::Local<v8::Value> Arguments::At(int index) const { return info_[index]; }

v8::Local<v8::Value> Arguments::Property(v8::Local<v8::Value> object, const char* name) {
  v8::Local<v8::Value> none = v8::Undefined(isolate_);
  if (!valid_) return none;
  if (!object->IsObject()) {
    Refuse(name, "an object that has it");
    return none;
  }
  v8::Local<v8::String> key;
  v8::Local<v8::Value> value;
  if (!v8::String::NewFromUtf8(isolate_, name).ToLocal(&key) ||
      !object.As<v8::Object>()->Get(isolate_->GetCurrentContext(), key).ToLocal(&value)) {
    valid_ = false;  // A getter threw: its exception is pending.
    return none;
  }
  return value;
}

int Arguments::Integer(v8::Local<v8::Value> value, const char* name, int least, int most) {
  if (!valid_) return least;
  if (value->IsInt32()) {
    int number = value.As<v8::Int32>()->Value();
    if (number >= least && number <= most) return number;
  }
  Refuse(name, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  return least;
}

int Arguments::Descriptor(v8::Local<v8::Value> value, const char* name) {
  return Integer(value, name, 0, INT_MAX);
}

uint32_t Arguments::Id(v8::Local<v8::Value> value, const char* name, uint32_t missing) {
  if (!valid_ || value->IsUndefined()) return missing;
  if (value->IsUint32() && value.As<v8::Uint32>()->Value() != UINT32_MAX)
    return value.As<v8::Uint32>()->Value();
  Refuse(name, "the id of a user or a group");
  return missing;
}

bool Arguments::Boolean(v8::Local<v8::Value> value, const char* name) {
  if (valid_ && !value->IsBoolean()) Refuse(name, "true or false");
  return valid_ && value->IsTrue();
}

std::string Arguments::Text(v8::Local<v8::Value> value, const char* name) {
  if (!valid_) return "";
  if (!value->IsString()) {
    Refuse(name, "a string");
    return "";
  }
  v8::String::Utf8Value text(isolate_, value);
  return *text == nullptr ? "" : std::string(*text, static_cast<size_t>(text.length()));
}

std::string Arguments::Name(v8::Local<v8::Value> value, const char* name) {
  std::string text = Text(value, name);
  if (valid_ && (text.empty() || text.find('\0') != std::string::npos))
    Refuse(name, "a string that is not empty and has no NUL");
  return text;
}

std::vector<v8::Local<v8::Value>> Arguments::Items(v8::Local<v8::Value> value, const char* name,
                                                   uint32_t at_most, const char* kind) {
  std::vector<v8::Local<v8::Value>> items;
  if (!valid_) return items;
  if (!value->IsArray() || value.As<v8::Array>()->Length() > at_most) {
    Refuse(name, "an array of at most " + std::to_string(at_most) + " " + kind);
    return items;
  }
  v8::Local<v8::Array> array = value.As<v8::Array>();
  for (uint32_t i = 0; i < array->Length(); i++) {
    v8::Local<v8::Value> item;
    if (!array->Get(isolate_->GetCurrentContext(), i).ToLocal(&item)) {
      valid_ = false;  // A getter threw: its exception is pending.
      return {};
    }
    items.push_back(item);
  }
  return items;
}

std::vector<int> Arguments::Integers(v8::Local<v8::Value> value, const char* name, int least,
                                     uint32_t at_most) {
  std::vector<int> numbers;
  for (v8::Local<v8::Value> item : Items(value, name, at_most, "integers"))
    numbers.push_back(Integer(item, name, least, INT_MAX));
  return numbers;
}

std::vector<std::string> Arguments::Texts(v8::Local<v8::Value> value, const char* name,
                                          uint32_t at_most) {
  std::vector<std::string> texts;
  for (v8::Local<v8::Value> item : Items(value, name, at_most, "strings")) {
    texts.push_back(Text(item, name));
    if (valid_ && texts.back().find('\0') != std::string::npos) Refuse(name, "text without NUL");
  }
  return texts;
}
