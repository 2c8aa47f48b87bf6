// tinyrun-init with libc, for the sanitizers: the same sources, but for start.cc.
extern "C" [[noreturn]] void tinyrunStart(const long* stack);

int main(int argc, char** argv) {
  long stack[8] = {argc};
  for (int i = 0; i < argc && i < 6; ++i) stack[1 + i] = reinterpret_cast<long>(argv[i]);
  tinyrunStart(stack);
}
