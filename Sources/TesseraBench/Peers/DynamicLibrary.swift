#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A shared library opened by name, for as long as the process lives.
struct DynamicLibrary: @unchecked Sendable {
  // Unchecked: the handle is never closed and `dlsym` is thread-safe.
  private let handle: UnsafeMutableRawPointer

  /// Opens the first of `names` that there is.
  init?(_ names: [String]) {
    for name in names {
      if let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) {
        self.handle = handle
        return
      }
    }
    return nil
  }

  /// The function `name` as a C function pointer type, or nil.
  func function<F>(_ name: String, as type: F.Type) -> F? {
    dlsym(handle, name).map { unsafeBitCast($0, to: type) }
  }
}
