package import TesseraCore

/// One back-end: finds devices and opens them.
///
/// Back-ends do no validation, pooling, hazard tracking, caching or tracing; all of that is written
/// once above them. They translate calls and errors, nothing else.
package protocol HALDriver: Sendable {
  var kind: BackendKind { get }
  /// The devices there are, with their capabilities, without opening them. A missing loader or ICD is
  /// an empty list.
  func devices() -> [(identity: DeviceIdentity, capabilities: Capabilities)]
  /// Why `devices()` is empty or short, in words for `tessera doctor`; nil if nothing is wrong.
  func diagnosis() -> String?
  /// Opens device `index`. Under `enforce` a back-end keeps kernels to their bound ranges by its own means.
  func open(_ index: Int, bounds: BoundsMode) throws(TesseraError) -> any HALDevice
}

extension HALDriver {
  /// Opens device `index`, whose kernels are trusted.
  package func open(_ index: Int) throws(TesseraError) -> any HALDevice {
    try open(index, bounds: .off)
  }
}
