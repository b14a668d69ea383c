// Failures as JavaScript errors: `code` is the errno's name, and the message reads "EADDRINUSE:
// bind 127.0.0.1:80: Address already in use". Nothing in native/ aborts.
#pragma once

#include <v8.h>

#include <string>

// `what` names the failing call and its value. An exception that is already pending stays.
void ThrowErrno(v8::Isolate* isolate, int number, const std::string& what);

// The same with a reason of our own instead of strerror's, for refusals without a system call.
void ThrowRefusal(v8::Isolate* isolate, int number, const std::string& what,
                  const std::string& reason);
