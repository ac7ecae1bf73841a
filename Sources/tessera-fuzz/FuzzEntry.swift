import TesseraCore

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Pages that end in one that nobody may touch: an input lies against it, so that reading one byte too
/// far ends the process.
private struct GuardedPages: @unchecked Sendable {
  // Unchecked: written by the fuzzer's one thread.
  let start: UnsafeMutableRawPointer
  let byteCount = 1 << 20

  init?() {
    let page = 4096
    guard
      let mapped = mmap(
        nil, byteCount + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      mapped != MAP_FAILED, mprotect(mapped + byteCount, page, PROT_NONE) == 0
    else { return nil }
    start = mapped
  }

  /// The input in its place.
  func place(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard bytes.count <= byteCount else { return nil }
    let target = start + byteCount - bytes.count
    if let source = bytes.baseAddress { target.copyMemory(from: source, byteCount: bytes.count) }
    return UnsafeRawBufferPointer(start: target, count: bytes.count)
  }
}

private let pages = GuardedPages()
private let target =
  Environment.value("TESSERA_FUZZ_TARGET").flatMap(FuzzTarget.init) ?? .safetensors

/// libFuzzer's entry point.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let placed = pages?.place(UnsafeRawBufferPointer(start: bytes, count: count)) else {
    return 0
  }
  target.run(HostStorage(adopting: placed) {})
  return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ one: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// What the package manager links as `main`.
@_cdecl("tessera_fuzz_main")
public func fuzzMain(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  var (count, arguments) = (count, arguments)
  return runFuzzer(&count, &arguments) { fuzzOneInput($0, $1) }
}
