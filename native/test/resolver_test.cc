// The resolver as a process, with sockets of a network namespace of this test: what it is sent, and what it ends by.
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <random>

#include "dns_message.h"
#include "fixture.h"
#include "harness.h"

using namespace fixture;

namespace {

constexpr int kPort = 61053;

void insist(bool good, const char* what) {
  if (!good) std::perror(what), std::abort();
}

// A network namespace with its loopback up, for a block; left again at its end.
struct Netns {
  int before = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  Netns() {
    insist(unshare(CLONE_NEWNET) == 0, "unshare");
    struct ifreq request = {};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    insist(ioctl(fd, SIOCSIFFLAGS, &request) == 0, "ioctl");
    close(fd);
  }
  ~Netns() {
    insist(setns(before, CLONE_NEWNET) == 0, "setns");
    close(before);
  }
};

sockaddr_in addressOf(const char* text, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  insist(inet_pton(AF_INET, text, &address.sin_addr) == 1, "inet_pton");
  return address;
}

int socketTo(int type, const char* text, int port, bool listens = false) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  const sockaddr_in address = addressOf(text, port);
  const auto* at = reinterpret_cast<const sockaddr*>(&address);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  insist((listens ? bind(fd, at, sizeof address) : connect(fd, at, sizeof address)) == 0, "socket");
  if (listens && type == SOCK_STREAM) insist(listen(fd, 8) == 0, "listen");
  const struct timeval patience = {60, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

std::string received(int fd) {
  std::string bytes(65536, '\0');
  const ssize_t n = recv(fd, bytes.data(), bytes.size(), 0);
  bytes.resize(n < 0 ? 0 : static_cast<size_t>(n));
  return bytes;
}

struct Resolver {
  Directory dir;
  Netns netns;
  pid_t pid;
  int udp = -1;

  Resolver() {
    for (const char* name : {"names", "names/views", "names/net"}) std::filesystem::create_directory(dir / name);
    writeFile(dir / "resolv.conf", "nameserver 127.0.0.77\n");
    const int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, (dir / "socket").c_str());
    insist(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(listener, 16) == 0, "bind");
    const int first = hold(), program = executable();
    pid = fork();
    if (pid == 0) {
      dup2(listener, 0);
      if (chdir((dir / "names").c_str()) == 0)
        execl(("/proc/self/fd/" + std::to_string(program)).c_str(), "tinyrun-init", "resolver", (dir / "resolv.conf").c_str(), nullptr);
      _exit(1);
    }
    close(listener);
    EXPECT_EQ(held(first), 0);
    holder = first;
  }
  ~Resolver() {
    for (const int fd : {holder, udp}) close(fd);
    if (pid > 0) kill(pid, SIGKILL), waitpid(pid, nullptr, 0);
  }

  // A connection that asks it to stay.
  int hold() {
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, (dir / "socket").c_str());
    insist(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && send(fd, ".", 1, 0) == 1, "connect");
    return fd;
  }
  // Its answer; -1: hung up.
  static int held(int fd) {
    char answer = -1;
    return recv(fd, &answer, 1, 0) == 1 ? answer : -1;
  }
  void letGo() { close(holder), holder = -1; }

  void put(const std::string& path, const std::string& text) {
    writeFile(dir / "new", text);
    std::filesystem::rename(dir / "new", dir / ("names/" + path));
  }
  std::string serve(const std::string& view, int port = kPort) {
    make::Plan plan;
    plan.host(make::dial{.path = dir / "socket", .slot = 3});
    plan.host(make::clone{.pass = {3}});
    plan.container(make::serve{.slot = 3, .view = view, .port = static_cast<uint32_t>(port)});
    plan.container(make::ready{});
    plan.host(make::awaitReady{});
    const std::string failure = Run(plan).failure();
    if (udp < 0) udp = socketTo(SOCK_DGRAM, "127.0.0.11", kPort);
    return failure;
  }
  std::string ask(const std::string& bytes) {
    insist(send(udp, bytes.data(), bytes.size(), 0) >= 0, "send");
    return received(udp);
  }
  // The code of an answer and the last bytes of each record in it: "0 5 6".
  std::string seen(const std::string& name, unsigned type = 1) {
    const std::string answer = ask(ask::Query{.name = name, .type = type}.bytes());
    if (answer.size() < 12) return "nothing";
    std::string text = std::to_string(answer[3] & 15);
    size_t at = ask::Query{.name = name}.bytes().size();
    for (int left = answer[7]; left > 0; --left) {
      at += 12 + static_cast<uint8_t>(answer[at + 11]);
      text += " " + std::to_string(static_cast<uint8_t>(answer[at - 1]));
    }
    return text;
  }
  // Its exit code, once it has ended.
  int ended() {
    int status = -1;
    waitpid(pid, &status, 0);
    pid = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  int holder = -1;
};

// One answer of a server to one query, by UDP: the query with the response bit, and a code.
void answerOnce(int server, char code) {
  std::string bytes(2048, '\0');
  sockaddr_in from = {};
  socklen_t size = sizeof from;
  const ssize_t n = recvfrom(server, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
  insist(n > 12, "recvfrom");
  bytes.resize(static_cast<size_t>(n));
  bytes[2] = static_cast<char>(bytes[2] | 0x80);
  bytes[3] = code;
  // first what is none: from elsewhere it would not come at all, with another id it is not believed
  std::string wrong = bytes;
  wrong[0] = static_cast<char>(wrong[0] ^ 1);
  sendto(server, wrong.data(), wrong.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  sendto(server, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
}

std::string overTcp(int fd, const std::string& bytes) {
  const std::string whole = ask::pair(static_cast<unsigned>(bytes.size())) + bytes;
  insist(send(fd, whole.data(), whole.size(), MSG_NOSIGNAL) >= 0, "send");
  std::string answer;
  while (answer.size() < 2 || answer.size() < 2 + (static_cast<uint8_t>(answer[0]) * 256u + static_cast<uint8_t>(answer[1]))) {
    const std::string more = received(fd);
    if (more.empty()) return "hung up";
    answer += more;
  }
  return answer.substr(2);
}

}  // namespace

ROOT_TEST(resolverTellsAViewItsNetworksNames) {
  Resolver r;
  r.put("net/web", "10.0.0.5 web alias\nfd00::5 web\n");
  r.put("views/one", "network net\nname friend=web\n");
  EXPECT_EQ(r.serve("one"), "");
  EXPECT_EQ(r.seen("web"), "0 5");
  EXPECT_EQ(r.seen("web", 28), "0 5");
  EXPECT_EQ(r.seen("web", 16), "0");      // known, of another type
  EXPECT_EQ(r.seen("friend"), "0 5");
  r.put("net/other", "10.0.0.6 other alias\n");
  EXPECT_EQ(r.seen("other"), "0 6");
  const std::string one = r.seen("alias"), two = r.seen("alias");
  EXPECT((one == "0 5 6" && two == "0 6 5") || (one == "0 6 5" && two == "0 5 6"));
  std::filesystem::remove(r.dir / "names/net/other");
  EXPECT_EQ(r.seen("alias"), "0 5");
  EXPECT_EQ(r.seen("other"), "2");        // nobody answers at 127.0.0.77
}

ROOT_TEST(resolverSeesTheNextQueryAfterARename) {
  Resolver r;
  r.put("views/one", "network net\nforward no\n");
  EXPECT_EQ(r.serve("one"), "");
  int missed = 0;
  for (int i = 0; i < 500; ++i) {
    r.put("net/e", "10.0.0.7 n" + std::to_string(i) + "\n");
    if (r.seen("n" + std::to_string(i)) != "0 7") ++missed;
  }
  EXPECT_EQ(missed, 0);
}

ROOT_TEST(resolverFollowsTheFileOfAView) {
  Resolver r;
  std::filesystem::create_directory(r.dir / "names/second");
  r.put("net/web", "10.0.0.5 web\n");
  r.put("second/db", "10.1.0.6 db\n");
  r.put("views/one", "network net\nforward no\n");
  EXPECT_EQ(r.serve("one"), "");
  EXPECT_EQ(r.seen("db"), "2");
  r.put("views/one", "network net second\nforward no\n");
  EXPECT_EQ(r.seen("db"), "0 6");
  EXPECT_EQ(r.seen("web"), "0 5");
  r.put("views/one", "network second later\nforward no\n");
  EXPECT_EQ(r.seen("web"), "2");
  std::filesystem::create_directory(r.dir / "names/later");
  r.put("later/new", "10.2.0.9 new\n");
  EXPECT_EQ(r.seen("new"), "0 9");
}

ROOT_TEST(resolverEndsWithItsLastView) {
  Resolver r;
  r.put("views/one", "network net\n");
  r.put("views/two", "network net\n");
  EXPECT_EQ(r.serve("none"), "serve ENOENT none");
  EXPECT_EQ(r.serve("../views/one"), "serve EINVAL ../views/one");
  EXPECT_EQ(r.serve("one"), "");
  r.letGo();
  std::filesystem::remove(r.dir / "names/views/one");
  // its sockets are closed: whoever asks there hears of it
  const std::string bytes = ask::Query{.name = "web"}.bytes();
  while (send(r.udp, bytes.data(), bytes.size(), 0) >= 0 || errno != ECONNREFUSED) {
    struct pollfd told = {r.udp, POLLERR, 0};
    poll(&told, 1, 10);
  }
  close(r.hold());
  std::filesystem::remove(r.dir / "names/views/two");
  EXPECT_EQ(r.ended(), 0);
  EXPECT(failureOf(make::dial{.path = r.dir / "socket"}) == "connect ECONNREFUSED " + r.dir / "socket");
}

ROOT_TEST(resolverForwardsWhatIsNotOurs) {
  Resolver r;
  const int server = socketTo(SOCK_DGRAM, "127.0.0.77", 53, true);
  r.put("views/one", "network net\n");
  EXPECT_EQ(r.serve("one"), "");
  const std::string bytes = ask::Query{.name = "Example.org", .id = 0x4242}.bytes();
  send(r.udp, bytes.data(), bytes.size(), 0);
  answerOnce(server, 3);
  const std::string answer = received(r.udp);
  EXPECT_EQ(answer.substr(0, 2), "BB");
  EXPECT_EQ(answer.substr(12), bytes.substr(12));
  EXPECT_EQ(int{answer[3]}, 3);
  // of its own servers by the view's socket
  const int own = socketTo(SOCK_DGRAM, "127.0.0.78", 53, true);
  r.put("views/one", "network net\nserver 127.0.0.78\n");
  send(r.udp, bytes.data(), bytes.size(), 0);
  answerOnce(own, 5);
  EXPECT_EQ(int{received(r.udp)[3]}, 5);
  r.put("views/one", "network net\nforward no\n");
  EXPECT_EQ(r.seen("example.org"), "2");
  close(server), close(own);
}

ROOT_TEST(resolverAsksTheNextServer) {
  Resolver r;
  writeFile(r.dir / "resolv.conf", "# nameserver 1.1.1.1\nnameserver 127.0.0.70\nnameserver\t127.0.0.77\nsearch x\n");
  const int server = socketTo(SOCK_DGRAM, "127.0.0.77", 53, true);
  r.put("views/one", "network net\n");
  EXPECT_EQ(r.serve("one"), "");
  const std::string bytes = ask::Query{.name = "example.org"}.bytes();
  for (int i = 0; i < 2; ++i) {
    send(r.udp, bytes.data(), bytes.size(), 0);
    answerOnce(server, 0);
    EXPECT_EQ(int{received(r.udp)[3]}, 0);
  }
  close(server);
}

ROOT_TEST(resolverSpeaksTcp) {
  Resolver r;
  std::string lines;
  for (int i = 1; i < 64; ++i) lines += "fd00::" + std::to_string(i) + " many\n";
  r.put("net/many", lines);
  r.put("views/one", "network net\nserver 127.0.0.78\n");
  EXPECT_EQ(r.serve("one"), "");
  const std::string many = ask::Query{.name = "many", .type = 28}.bytes();
  EXPECT((r.ask(many)[2] & 2) != 0);
  const int fd = socketTo(SOCK_STREAM, "127.0.0.11", kPort), second = socketTo(SOCK_STREAM, "127.0.0.11", kPort);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(int{overTcp(fd, many)[7]}, 63);
  // names of others, of two clients at once, by the one socket that the view has
  const int server = socketTo(SOCK_STREAM, "127.0.0.78", 53, true);
  const std::string bytes = ask::Query{.name = "example.org"}.bytes(), whole = ask::pair(static_cast<unsigned>(bytes.size())) + bytes;
  for (const int client : {fd, second}) send(client, whole.data(), whole.size(), 0);
  for (const int client : {fd, second}) {
    const int from = accept(server, nullptr, nullptr);
    std::string asked;
    while (asked.size() < whole.size()) asked += received(from);
    asked[4] = static_cast<char>(asked[4] | 0x80);
    send(from, asked.data(), 1, 0);
    send(from, asked.data() + 1, asked.size() - 1, 0);
    std::string answer;
    while (answer.size() < whole.size()) answer += received(client);
    EXPECT_EQ(answer.substr(14), bytes.substr(12));
    close(from);
  }
  close(server);
  EXPECT_EQ(int{overTcp(fd, bytes)[3] & 15}, 2);   // there is nobody now
  send(second, "\0\1x", 3, 0);
  EXPECT_EQ(received(second), "");
  close(fd), close(second);
}

ROOT_TEST(resolverOutlivesWhateverItIsSent) {
  Resolver r;
  r.put("net/web", "10.0.0.5 web\n");
  r.put("views/one", "network net\nforward no\n");
  EXPECT_EQ(r.serve("one"), "");
  std::mt19937 random(11);
  const std::string good = ask::Query{.name = "web.and.more", .more = ask::opt(1232)}.bytes();
  // by a socket whose answers are not read; a good query now and then, so that its queue does not run over
  const int rude = socketTo(SOCK_DGRAM, "127.0.0.11", kPort);
  for (int i = 0; i < 5000; ++i) {
    std::string bytes = good.substr(0, 1 + random() % good.size());
    for (unsigned n = random() % 4; n != 0; --n) bytes[random() % bytes.size()] = static_cast<char>(random());
    send(rude, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (i % 50 == 0) EXPECT_EQ(r.seen("web"), "0 5");
  }
  const std::string large(60000, 'x');
  send(rude, large.data(), large.size(), 0);
  close(rude);
  r.put("net/odd", std::string(9000, 'y'));
  r.put("views/odd", std::string(9000, ' ') + "network");
  r.put("views/two", "network net ../net . net/x " + std::string(200, 'n') + "\nname =\nname a\nserver nobody\nforward\n\n");
  EXPECT_EQ(r.seen("web"), "0 5");
  EXPECT_EQ(r.serve("one"), "bind EADDRINUSE one");
  EXPECT_EQ(r.seen("web"), "0 5");
}
