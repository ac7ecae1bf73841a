import TesseraCore

/// Something that the PyTorch child was made ready for, among others; freed there when nobody times it any
/// more.
final class TorchCall: Sendable {
  private let key: Int

  /// - Parameter request: as of `TorchScript`, without its key.
  /// - Throws: `unavailable` without PyTorch, `driver` with what it complains of.
  init(_ request: String) throws(TesseraError) {
    key = TorchPeer.newKey()
    _ = try ask(request)
  }

  /// Sends a request about it and returns what follows `ok`.
  @discardableResult
  func ask(_ request: String) throws(TesseraError) -> String {
    try TorchPeer.ask("\(key) \(request)")
  }

  deinit { TorchPeer.drop(key) }
}
