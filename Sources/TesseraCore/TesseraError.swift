/// The one error that Tessera throws.
///
/// `code` says what kind of failure it is and can be matched directly:
/// ```swift
/// do { … } catch let error where error.code == .outOfMemory { … }
/// ```
/// `message` is one line: what was attempted, what was found and what is allowed.
public struct TesseraError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of failure. An open set: new kinds may be added.
  public struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }

    /// An argument is outside what the operation allows.
    public static let invalidArgument = Code(rawValue: "invalidArgument")
    /// A size or count exceeds a limit of the device or of the format.
    public static let overLimit = Code(rawValue: "overLimit")
    /// The device has no more memory, also after trimming the pool.
    public static let outOfMemory = Code(rawValue: "outOfMemory")
    /// The device, driver or build does not have the feature.
    public static let unsupported = Code(rawValue: "unsupported")
    /// No such device or back-end is present.
    public static let unavailable = Code(rawValue: "unavailable")
    /// A kernel did not compile; the log follows the message.
    public static let compile = Code(rawValue: "compile")
    /// The device was lost: reset, removed or hung.
    public static let deviceLost = Code(rawValue: "deviceLost")
    /// A result depends on work that failed.
    public static let poisoned = Code(rawValue: "poisoned")
    /// A kernel wrote beside its buffers; found under `BoundsMode.validate`.
    public static let outOfBounds = Code(rawValue: "outOfBounds")
    /// A wait ended before the work did. The work goes on and its memory stays alive.
    public static let timedOut = Code(rawValue: "timedOut")
    /// A file could not be read or written.
    public static let io = Code(rawValue: "io")
    /// A file or byte stream is not what its format says.
    public static let malformedData = Code(rawValue: "malformedData")
    /// A driver call failed in a way that has no code of its own.
    public static let driver = Code(rawValue: "driver")
  }

  /// The kind of failure.
  public let code: Code
  /// One line saying what, where and what is allowed.
  public let message: String
  /// A compiler's or driver's own words, if there are any.
  public let log: String?

  package init(_ code: Code, _ message: String, log: String? = nil) {
    self.code = code
    self.message = message
    self.log = log
  }

  public var description: String {
    guard let log, !log.isEmpty else { return message }
    return message + "\n" + log
  }
}

extension TesseraError {
  /// An argument outside what is allowed: "window: got 9, allowed 1...8".
  package static func invalidArgument(
    _ name: String, got: some CustomStringConvertible, allowed: String
  ) -> Self {
    Self(.invalidArgument, "\(name): got \(got), allowed \(allowed)")
  }

  /// A quantity over a limit: "workgroup size: requested 4096, limit 1024 (llvmpipe)".
  package static func overLimit(
    _ name: String, requested: some CustomStringConvertible, limit: some CustomStringConvertible,
    device: String? = nil
  ) -> Self {
    let place = device.map { " (\($0))" } ?? ""
    return Self(.overLimit, "\(name): requested \(requested), limit \(limit)\(place)")
  }

  package static func outOfMemory(requested: Int, available: Int?, device: String) -> Self {
    let rest = available.map { ", \($0) bytes available" } ?? ""
    return Self(.outOfMemory, "out of memory on \(device): requested \(requested) bytes\(rest)")
  }

  package static func unsupported(_ what: String, device: String? = nil) -> Self {
    Self(.unsupported, "not supported\(device.map { " on \($0)" } ?? ""): \(what)")
  }

  package static func unavailable(_ what: String) -> Self { Self(.unavailable, what) }

  package static func compile(kernel: String, log: String) -> Self {
    Self(.compile, "kernel \(kernel) did not compile", log: log)
  }

  package static func deviceLost(_ device: String, detail: String) -> Self {
    Self(.deviceLost, "device \(device) lost: \(detail)")
  }

  package static func io(path: String, reason: String) -> Self {
    Self(.io, "\(path): \(reason)")
  }

  package static func malformed(_ what: String, reason: String) -> Self {
    Self(.malformedData, "\(what): \(reason)")
  }

  package static func timedOut(_ what: String, seconds: Double) -> Self {
    Self(.timedOut, "\(what): no completion within \(seconds) s; the work goes on")
  }

  package static func poisoned(by cause: TesseraError) -> Self {
    Self(.poisoned, "depends on work that failed: \(cause.message)", log: cause.log)
  }

  /// A failed driver call that has no better code: "clFinish failed with -5 (CL_OUT_OF_RESOURCES)".
  package static func driver(_ call: String, status: String) -> Self {
    Self(.driver, "\(call) failed with \(status)")
  }
}
