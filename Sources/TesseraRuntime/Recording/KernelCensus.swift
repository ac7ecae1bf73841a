import Synchronization
import TesseraCore
import TesseraHAL

/// Counts which kernels a recording device has run, by what they were built from.
package final class KernelCensus: Sendable {
  private struct State {
    var names: [ObjectIdentifier: String] = [:]
    // Held, because an identifier may be used again once its object is gone.
    var kernels: [any HALKernel] = []
    var dispatches: [String: Int] = [:]
  }
  private let state = Mutex(State())

  package init() {}

  /// Dispatches by kernel: the SHA-256 of a SPIR-V module, the entry point's name of anything else.
  package var dispatches: [String: Int] { state.withLock { $0.dispatches } }

  func built(_ kernel: any HALKernel, from code: KernelCode) {
    let name: String
    if case .spirv(let words, _) = code {
      var hash = SHA256()
      words.withUnsafeBytes { hash.update($0) }
      name = SHA256.hex(hash.finish())
    } else {
      name = kernel.signature.name
    }
    state.withLock {
      $0.names[ObjectIdentifier(kernel)] = name
      $0.kernels.append(kernel)
    }
  }

  func dispatched(_ kernel: any HALKernel) {
    state.withLock {
      if let name = $0.names[ObjectIdentifier(kernel)] { $0.dispatches[name, default: 0] += 1 }
    }
  }
}
