// System calls for a service manager such as systemd that Node lacks: messages to its datagram
// socket (sd_notify(3)), and listening sockets that it opened before it started the program
// (sd_listen_fds(3)).
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "arguments.h"
#include "error.h"
#include "exports.h"

namespace {

struct Inherited {
  const char* kind = "";
  // A numeric address, or a path; one in the abstract namespace begins with '@'.
  std::string name;
  int port = 0;
  bool v6_only = false;
};

int Option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

// False with errno: EINVAL if `fd` is not a listening stream socket.
bool Describe(int fd, Inherited* inherited) {
  if (fcntl(fd, F_GETFD) < 0) return false;
  if (Option(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM || Option(fd, SOL_SOCKET, SO_ACCEPTCONN) != 1)
    return errno = EINVAL, false;
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return false;
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_UNIX) {
    const char* path = reinterpret_cast<const sockaddr_un*>(&address)->sun_path;
    size_t most = length - offsetof(sockaddr_un, sun_path);
    bool is_abstract = most > 0 && path[0] == '\0';
    inherited->kind = "unix";
    inherited->name = is_abstract ? "@" + std::string(path + 1, most - 1)
                                  : std::string(path, strnlen(path, most));
    return true;
  }
  inherited->kind = "tcp";
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    inherited->port = ntohs(v4->sin_port);
    inherited->name = inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    return true;
  }
  if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    inherited->port = ntohs(v6->sin6_port);
    inherited->name = inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    inherited->v6_only = Option(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1;
    return true;
  }
  return errno = EINVAL, false;
}

v8::MaybeLocal<v8::Object> ToObject(v8::Isolate* isolate, const Inherited& inherited) {
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::String> kind;
  v8::Local<v8::String> name;
  if (!v8::String::NewFromUtf8(isolate, inherited.kind).ToLocal(&kind) ||
      !v8::String::NewFromUtf8(isolate, inherited.name.data(), v8::NewStringType::kNormal,
                               static_cast<int>(inherited.name.size()))
           .ToLocal(&name))
    return {};
  v8::Local<v8::Object> object = v8::Object::New(isolate);
  if (object->Set(context, v8::String::NewFromUtf8Literal(isolate, "kind"), kind).IsNothing() ||
      object->Set(context, v8::String::NewFromUtf8Literal(isolate, "name"), name).IsNothing() ||
      object
          ->Set(context, v8::String::NewFromUtf8Literal(isolate, "port"),
                v8::Integer::New(isolate, inherited.port))
          .IsNothing() ||
      object
          ->Set(context, v8::String::NewFromUtf8Literal(isolate, "ipv6Only"),
                v8::Boolean::New(isolate, inherited.v6_only))
          .IsNothing())
    return {};
  return object;
}

}  // namespace

void Notify(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "notify");
  std::string name = arguments.Name(arguments.At(0), "address");
  std::string message = arguments.Text(arguments.At(1), "message");
  if (!arguments.valid()) return;
  v8::Isolate* isolate = info.GetIsolate();
  std::string what = "notify " + name;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) return ThrowErrno(isolate, ENAMETOOLONG, what);
  memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  // An abstract name has no terminator, only a length.
  auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());

  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return ThrowErrno(isolate, errno, what);
  ssize_t sent = sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
                        reinterpret_cast<const sockaddr*>(&address), length);
  int number = errno;
  close(fd);
  if (sent < 0) ThrowErrno(isolate, number, what);
}

void AdoptListener(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "adoptListener");
  int fd = arguments.Descriptor(arguments.At(0), "fd");
  if (!arguments.valid()) return;
  v8::Isolate* isolate = info.GetIsolate();
  std::string what = "adopt descriptor " + std::to_string(fd);
  Inherited inherited;
  if (!Describe(fd, &inherited)) {
    if (errno != EINVAL) return ThrowErrno(isolate, errno, what);
    return ThrowRefusal(isolate, EINVAL, what, "it is not a listening stream socket");
  }
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
      fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
    return ThrowErrno(isolate, errno, what);
  v8::Local<v8::Object> object;
  if (ToObject(isolate, inherited).ToLocal(&object)) info.GetReturnValue().Set(object);
}
