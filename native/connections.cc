// The connections accepted on a listening socket, for an engine that cannot list its own
// (uWebSockets.js).
#include <dirent.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "arguments.h"
#include "error.h"
#include "exports.h"

namespace {

// The port or path to which a socket is bound. An accepted socket has that of its listener.
std::string LocalName(const sockaddr_storage& address, socklen_t length) {
  if (address.ss_family == AF_INET)
    return std::to_string(ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port));
  if (address.ss_family == AF_INET6)
    return std::to_string(ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port));
  if (address.ss_family != AF_UNIX) return "";
  const char* path = reinterpret_cast<const sockaddr_un*>(&address)->sun_path;
  size_t most = length - offsetof(sockaddr_un, sun_path);
  return std::string(path, strnlen(path, most));
}

// Empty with errno set if `fd` is not a bound socket.
std::string LocalNameOf(int fd) {
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return "";
  errno = EINVAL;
  return LocalName(address, length);
}

bool IsConnected(int fd) {
  sockaddr_storage peer;
  socklen_t length = sizeof peer;
  return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0;
}

int Queued(int fd, unsigned long request) {
  int bytes = 0;
  return ioctl(fd, request, &bytes) == 0 ? bytes : 0;
}

}  // namespace

void ConnectionsOf(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "connectionsOf");
  int listener = arguments.Descriptor(arguments.At(0), "listener");
  if (!arguments.valid()) return;
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  std::string name = LocalNameOf(listener);
  if (name.empty())
    return ThrowErrno(isolate, errno, "getsockname of descriptor " + std::to_string(listener));
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return ThrowErrno(isolate, errno, "open /proc/self/fd");

  v8::Local<v8::Array> connections = v8::Array::New(isolate);
  v8::Local<v8::String> fd_key = v8::String::NewFromUtf8Literal(isolate, "fd");
  v8::Local<v8::String> unread_key = v8::String::NewFromUtf8Literal(isolate, "unread");
  v8::Local<v8::String> unsent_key = v8::String::NewFromUtf8Literal(isolate, "unsent");
  uint32_t count = 0;
  while (const dirent* entry = readdir(directory)) {
    int fd = atoi(entry->d_name);
    if (entry->d_name[0] == '.' || LocalNameOf(fd) != name || !IsConnected(fd)) continue;
    v8::Local<v8::Object> connection = v8::Object::New(isolate);
    connection->Set(context, fd_key, v8::Integer::New(isolate, fd)).Check();
    connection->Set(context, unread_key, v8::Integer::New(isolate, Queued(fd, SIOCINQ))).Check();
    connection->Set(context, unsent_key, v8::Integer::New(isolate, Queued(fd, SIOCOUTQ))).Check();
    connections->Set(context, count++, connection).Check();
  }
  closedir(directory);
  info.GetReturnValue().Set(connections);
}

void EndReading(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "endReading");
  int fd = arguments.Descriptor(arguments.At(0), "fd");
  if (!arguments.valid()) return;
  // The peer may have gone in the meantime: then there is nothing left to end.
  if (shutdown(fd, SHUT_RD) != 0 && errno != ENOTCONN)
    ThrowErrno(info.GetIsolate(), errno, "shutdown of descriptor " + std::to_string(fd));
}
