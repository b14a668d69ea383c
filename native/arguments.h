// Validates the arguments of a call from JavaScript before anything is done with them. The first
// invalid value throws and makes `valid()` false; later reads return harmless defaults, so that a
// function reads all its arguments in a list and checks once.
#pragma once

#include <v8.h>

#include <string>
#include <vector>

class Arguments {
 public:
  Arguments(const v8::FunctionCallbackInfo<v8::Value>& info, const char* function);

  bool valid() const { return valid_; }

  v8::Local<v8::Value> At(int index) const;
  v8::Local<v8::Value> Property(v8::Local<v8::Value> object, const char* name);

  int Integer(v8::Local<v8::Value> value, const char* name, int least, int most);
  int Descriptor(v8::Local<v8::Value> value, const char* name);
  // Of a user or a group; `missing` if undefined.
  uint32_t Id(v8::Local<v8::Value> value, const char* name, uint32_t missing);
  bool Boolean(v8::Local<v8::Value> value, const char* name);
  // May hold any character.
  std::string Text(v8::Local<v8::Value> value, const char* name);
  // A string that C can take: not empty and without NUL.
  std::string Name(v8::Local<v8::Value> value, const char* name);
  std::vector<int> Integers(v8::Local<v8::Value> value, const char* name, int least,
                            uint32_t at_most);
  // May hold any character but NUL.
  std::vector<std::string> Texts(v8::Local<v8::Value> value, const char* name, uint32_t at_most);

 private:
  void Refuse(const char* name, const std::string& expectation);
  // Empty if `value` is not such an array; `kind` is the plural for the error.
  std::vector<v8::Local<v8::Value>> Items(v8::Local<v8::Value> value, const char* name,
                                          uint32_t at_most, const char* kind);

  const v8::FunctionCallbackInfo<v8::Value>& info_;
  v8::Isolate* isolate_;
  const char* function_;
  bool valid_ = true;
};
