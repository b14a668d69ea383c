// Listening sockets beyond node:net: SO_REUSEPORT on every Node version, the mode of a unix
// socket's file, and no libuv handle around the descriptor.
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "arguments.h"
#include "error.h"
#include "exports.h"

namespace {

constexpr int kListenerFlags = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// False if `text` is neither an IPv4 nor an IPv6 address.
bool ParseAddress(const std::string& text, int port, SocketAddress* address) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address->storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<uint16_t>(port));
    address->length = sizeof *v4;
    return true;
  }
  address->storage = {};
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address->storage);
  if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<uint16_t>(port));
    address->length = sizeof *v6;
    return true;
  }
  return false;
}

// Closes `fd` and throws errno.
void Fail(v8::Isolate* isolate, int fd, const std::string& what) {
  int number = errno;
  if (fd >= 0) close(fd);
  ThrowErrno(isolate, number, what);
}

bool SetOption(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// Files that this thread creates belong to another user meanwhile: a chown afterwards could hit a
// file that this user has put there in between. The kernel takes root's capabilities for files away
// with its user (capabilities(7)), so they are restored.
class FileOwner {
 public:
  FileOwner(uid_t uid, gid_t gid) {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3] = {};
    bool known = syscall(SYS_capget, &header, capabilities) == 0;
    setfsgid(gid);
    setfsuid(uid);
    if (known) syscall(SYS_capset, &header, capabilities);
  }
  ~FileOwner() {
    setfsuid(geteuid());
    setfsgid(getegid());
  }
  FileOwner(const FileOwner&) = delete;
  FileOwner& operator=(const FileOwner&) = delete;
};

// bind(2) creates the file with mode 0777 minus the umask; a chmod afterwards would let others
// connect in between.
int BindFile(int fd, const sockaddr_un& address, mode_t mode, uid_t uid, gid_t gid) {
  FileOwner owner(uid, gid);
  mode_t before = umask(0777 & ~mode);
  int bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  int number = errno;
  umask(before);
  errno = number;
  return bound;
}

}  // namespace

void ListenTcp(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "listenTcp");
  v8::Local<v8::Value> listener = arguments.At(0);
  std::string text = arguments.Name(arguments.Property(listener, "address"), "address");
  int port = arguments.Integer(arguments.Property(listener, "port"), "port", 0, 65535);
  int backlog = arguments.Integer(arguments.Property(listener, "backlog"), "backlog", 0, INT_MAX);
  bool reuse_port = arguments.Boolean(arguments.Property(listener, "reusePort"), "reusePort");
  bool v6_only = arguments.Boolean(arguments.Property(listener, "ipv6Only"), "ipv6Only");
  if (!arguments.valid()) return;

  v8::Isolate* isolate = info.GetIsolate();
  SocketAddress address;
  if (!ParseAddress(text, port, &address))
    return ThrowRefusal(isolate, EINVAL, "listenTcp: address",
                        "expected a numeric IPv4 or IPv6 address, got \"" + text + "\"");
  bool v6 = address.storage.ss_family == AF_INET6;
  std::string place = (v6 ? "[" + text + "]" : text) + ":" + std::to_string(port);

  int fd = socket(address.storage.ss_family, kListenerFlags, 0);
  if (fd < 0) return Fail(isolate, fd, "socket for " + place);
  if (!SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1) ||
      (reuse_port && !SetOption(fd, SOL_SOCKET, SO_REUSEPORT, 1)) ||
      (v6 && !SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6_only)))
    return Fail(isolate, fd, "setsockopt for " + place);
  if (bind(fd, address.get(), address.length) != 0) return Fail(isolate, fd, "bind " + place);
  if (listen(fd, backlog) != 0) return Fail(isolate, fd, "listen on " + place);
  info.GetReturnValue().Set(fd);
}

void ListenUnix(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "listenUnix");
  v8::Local<v8::Value> listener = arguments.At(0);
  std::string path = arguments.Name(arguments.Property(listener, "path"), "path");
  int backlog = arguments.Integer(arguments.Property(listener, "backlog"), "backlog", 0, INT_MAX);
  int mode = arguments.Integer(arguments.Property(listener, "mode"), "mode", 0, 0777);
  uid_t uid = arguments.Id(arguments.Property(listener, "uid"), "uid", geteuid());
  gid_t gid = arguments.Id(arguments.Property(listener, "gid"), "gid", getegid());
  if (!arguments.valid()) return;

  v8::Isolate* isolate = info.GetIsolate();
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return ThrowRefusal(isolate, ENAMETOOLONG, "bind " + path,
                        "a unix socket's path has at most " +
                            std::to_string(sizeof address.sun_path - 1) + " bytes");
  memcpy(address.sun_path, path.data(), path.size());

  int fd = socket(AF_UNIX, kListenerFlags, 0);
  if (fd < 0) return Fail(isolate, fd, "socket for " + path);
  if (BindFile(fd, address, static_cast<mode_t>(mode), uid, gid) != 0)
    return Fail(isolate, fd, "bind " + path);
  if (listen(fd, backlog) != 0) {
    int number = errno;
    unlink(path.c_str());
    errno = number;
    return Fail(isolate, fd, "listen on " + path);
  }
  info.GetReturnValue().Set(fd);
}
