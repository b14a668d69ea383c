#include "exports.h"
void ReseedMathRandom(const v8::FunctionCallbackInfo<v8::Value>& info) { info.GetReturnValue().Set(false); }
