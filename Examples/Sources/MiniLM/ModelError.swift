/// A model that is not there, or is not what its files say. `message` is one line.
public struct ModelError: Error, CustomStringConvertible {
  /// What is wrong.
  public enum Kind: Sendable {
    /// A folder or file is missing.
    case missing
    /// A file does not hold what it should.
    case malformed
    /// An argument is outside what the model allows.
    case invalidArgument
  }

  public let kind: Kind
  public let message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }
}
