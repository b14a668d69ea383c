// Bytes with descriptors (SCM_RIGHTS) over unix stream sockets, for a process that does not run its
// event loop.
#include "messages.h"

#include <errno.h>
#include <fcntl.h>
#include <node.h>
#include <node_buffer.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "arguments.h"
#include "error.h"
#include "exports.h"

namespace {

constexpr uint32_t kMostDescriptors = 64;
// The kernel's own limit for one message (SCM_MAX_FD): with room for it, only a full descriptor
// table truncates.
constexpr size_t kRoomForDescriptors = 253;
constexpr size_t kMostBytes = 64 * 1024;
// Limit for sending the rest of a message that is partly sent.
constexpr int kRestTimeoutMs = 1000;

struct Delivery {
  char data[kMostBytes];
  size_t size = 0;
  std::vector<int> fds;
};

void CloseAll(const std::vector<int>& fds) {
  for (int fd : fds) close(fd);
}

std::vector<int> TakeDescriptors(msghdr* message) {
  std::vector<int> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part != nullptr; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    size_t before = fds.size();
    fds.resize(before + count);
    memcpy(fds.data() + before, CMSG_DATA(part), count * sizeof(int));
  }
  return fds;
}

// 0, or the errno. Nothing is left open when it fails.
int ReceiveDelivery(int fd, Delivery* delivery) {
  iovec bytes = {delivery->data, sizeof delivery->data};
  alignas(cmsghdr) char control[CMSG_SPACE(kRoomForDescriptors * sizeof(int))];
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0) return errno;
  delivery->size = static_cast<size_t>(size);
  delivery->fds = TakeDescriptors(&message);
  if ((message.msg_flags & MSG_CTRUNC) == 0) return 0;
  CloseAll(delivery->fds);
  return EMFILE;
}

// { data, fds }, or empty with an exception pending.
v8::MaybeLocal<v8::Object> ToObject(v8::Isolate* isolate, const Delivery& delivery) {
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Object> data;
  if (!node::Buffer::Copy(isolate, delivery.data, delivery.size).ToLocal(&data)) return {};
  std::vector<v8::Local<v8::Value>> numbers;
  for (int fd : delivery.fds) numbers.push_back(v8::Integer::New(isolate, fd));
  v8::Local<v8::Array> fds = v8::Array::New(isolate, numbers.data(), numbers.size());
  v8::Local<v8::Object> received = v8::Object::New(isolate);
  if (received->Set(context, v8::String::NewFromUtf8Literal(isolate, "data"), data).IsNothing() ||
      received->Set(context, v8::String::NewFromUtf8Literal(isolate, "fds"), fds).IsNothing())
    return {};
  return received;
}

// 0 if the kernel attached none.
pid_t SenderOf(msghdr* message) {
  ucred sender = {};
  for (cmsghdr* part = CMSG_FIRSTHDR(message); part != nullptr; part = CMSG_NXTHDR(message, part))
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_CREDENTIALS)
      memcpy(&sender, CMSG_DATA(part), sizeof sender);
  return sender.pid;
}

ssize_t SendOnce(int fd, const std::string& data, size_t sent, const std::vector<int>& fds) {
  iovec bytes = {const_cast<char*>(data.data()) + sent, data.size() - sent};
  alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (!fds.empty() && sent == 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    memcpy(CMSG_DATA(part), fds.data(), fds.size() * sizeof(int));
  }
  ssize_t size;
  do {
    size = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  return size;
}

// libuv's handler writes every signal into a pipe, which the event loop reads when it turns. So a
// signal that was delivered just before a wait, as after a fork, ends that wait too. -1, which poll
// ignores, without a loop or a signal handler.
int SignalPipe(v8::Isolate* isolate) {
  uv_loop_t* loop = node::GetCurrentEventLoop(isolate);
  return loop == nullptr ? -1 : loop->signal_pipefd[0];
}

}  // namespace

int SendWhole(int fd, const std::string& data, const std::vector<int>& fds) {
  for (size_t sent = 0; sent < data.size();) {
    ssize_t size = SendOnce(fd, data, sent, fds);
    if (size >= 0) {
      sent += static_cast<size_t>(size);
      continue;
    }
    int number = errno;
    if (number != EAGAIN || sent == 0) return number;
    // The queue took a part of this message, which is useless to its reader: the rest must follow.
    pollfd waiting = {fd, POLLOUT, 0};
    int ready = poll(&waiting, 1, kRestTimeoutMs);
    if (ready == 0) return ETIMEDOUT;
    if (ready < 0 && errno != EINTR) return errno;
  }
  return 0;
}

void Receive(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "receive");
  int fd = arguments.Descriptor(arguments.At(0), "fd");
  if (!arguments.valid()) return;
  v8::Isolate* isolate = info.GetIsolate();
  std::string what = "receive on descriptor " + std::to_string(fd);

  auto delivery = std::make_unique<Delivery>();
  int number = EAGAIN;
  // Another reader of the same socket can empty it between poll and recvmsg: then keep waiting.
  while (number == EAGAIN) {
    pollfd waiting[] = {{fd, POLLIN, 0}, {SignalPipe(isolate), POLLIN, 0}};
    if (poll(waiting, 2, -1) < 0) {
      if (errno == EINTR) return;
      return ThrowErrno(isolate, errno, what);
    }
    if ((waiting[0].revents & POLLNVAL) != 0) return ThrowErrno(isolate, EBADF, what);
    if (waiting[1].revents != 0) return;
    number = ReceiveDelivery(fd, delivery.get());
  }
  // The peer closed with bytes of ours unread: the same as an end of file.
  if (number == ECONNRESET) return info.GetReturnValue().SetNull();
  if (number == EINTR) return;
  if (number != 0) return ThrowErrno(isolate, number, what);
  if (delivery->size == 0 && delivery->fds.empty()) return info.GetReturnValue().SetNull();
  v8::Local<v8::Object> received;
  if (ToObject(isolate, *delivery).ToLocal(&received))
    info.GetReturnValue().Set(received);
  else
    CloseAll(delivery->fds);
}

void IsReadable(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "isReadable");
  int fd = arguments.Descriptor(arguments.At(0), "fd");
  if (!arguments.valid()) return;
  pollfd waiting = {fd, POLLIN, 0};
  info.GetReturnValue().Set(poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLNVAL) == 0);
}

void Send(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "send");
  int fd = arguments.Descriptor(arguments.At(0), "fd");
  std::string data = arguments.Text(arguments.At(1), "data");
  std::vector<int> fds = arguments.Integers(arguments.At(2), "fds", 0, kMostDescriptors);
  if (!arguments.valid()) return;
  v8::Isolate* isolate = info.GetIsolate();
  if (data.empty())
    return ThrowRefusal(isolate, EINVAL, "send: data", "expected a string that is not empty");

  int number = SendWhole(fd, data, fds);
  if (number != 0) ThrowErrno(isolate, number, "send on descriptor " + std::to_string(fd));
}

void SocketPair(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return ThrowErrno(isolate, errno, "socketpair");
  v8::Local<v8::Value> ends[] = {v8::Integer::New(isolate, pair[0]),
                                 v8::Integer::New(isolate, pair[1])};
  info.GetReturnValue().Set(v8::Array::New(isolate, ends, 2));
}

void WitnessPair(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
    return ThrowErrno(isolate, errno, "socketpair");
  int on = 1;
  if (setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    int number = errno;
    CloseAll({pair[0], pair[1]});
    return ThrowErrno(isolate, number, "setsockopt SO_PASSCRED");
  }
  v8::Local<v8::Value> ends[] = {v8::Integer::New(isolate, pair[0]),
                                 v8::Integer::New(isolate, pair[1])};
  info.GetReturnValue().Set(v8::Array::New(isolate, ends, 2));
}

void Sender(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Arguments arguments(info, "sender");
  int fd = arguments.Descriptor(arguments.At(0), "fd");
  if (!arguments.valid()) return;
  char byte;
  iovec bytes = {&byte, 1};
  // Room for the credentials only: the kernel closes descriptors that were sent along.
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
  msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size;
  do {
    size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno != EAGAIN && errno != ECONNRESET)
    return ThrowErrno(info.GetIsolate(), errno, "recvmsg on descriptor " + std::to_string(fd));
  pid_t pid = size == 1 ? SenderOf(&message) : 0;
  if (pid > 0)
    info.GetReturnValue().Set(pid);
  else
    info.GetReturnValue().SetNull();
}
