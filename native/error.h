// How a failure reaches JavaScript: an Error whose `code` is the errno's name and whose message
// reads "EADDRINUSE: bind 127.0.0.1:80: Address already in use". Nothing here, or anywhere in
// native/, aborts.
#pragma once

#include <v8.h>

#include <string>

// `what` names the call and the value it failed for. An exception that is already pending stays.
void ThrowErrno(v8::Isolate* isolate, int number, const std::string& what);

// As above with a reason of our own in place of strerror's, for refusals that no system call made.
void ThrowRefusal(v8::Isolate* isolate, int number, const std::string& what,
                  const std::string& reason);
