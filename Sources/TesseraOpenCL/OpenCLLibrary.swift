package import COpenCL

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The OpenCL loader's functions. Every entry is present: `init` refuses a table with holes, so the
/// implicitly unwrapped fields can be called without a test.
package final class OpenCLLibrary: @unchecked Sendable {
  // Unchecked: function pointers that are never written after init.
  package let functions: OpenCLFunctions

  /// Takes a table as it is, for tests that replace single entries.
  /// - Returns: nil if an entry is missing.
  package init?(functions: OpenCLFunctions) {
    var table = functions
    guard tessera_opencl_missing(&table) == nil else { return nil }
    self.functions = functions
  }

  /// What opening the loader came to.
  package enum Opening: Sendable {
    case opened(OpenCLLibrary)
    /// Why there is none, in one line.
    case failed(String)
  }

  /// Path of the loader: `TESSERA_OPENCL_LIBRARY` if set, else the system's.
  package static var defaultPath: String {
    guard let value = getenv("TESSERA_OPENCL_LIBRARY"), value.pointee != 0 else {
      #if canImport(Darwin)
      return "/System/Library/Frameworks/OpenCL.framework/OpenCL"
      #else
      return "libOpenCL.so.1"
      #endif
    }
    return String(cString: value)
  }

  /// Opens a loader. It stays open for the life of the process: drivers leave threads behind that
  /// would run into unmapped code.
  package static func open(path: String) -> Opening {
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      let reason = dlerror().map { String(cString: $0) } ?? "not found"
      return .failed("no OpenCL loader: \(reason)")
    }
    var table = tessera_opencl_load(handle)
    if let missing = tessera_opencl_missing(&table) {
      return .failed("OpenCL loader \(path) lacks \(String(cString: missing))")
    }
    guard let library = OpenCLLibrary(functions: table) else {
      return .failed("OpenCL loader \(path) is incomplete")
    }
    return .opened(library)
  }
}
