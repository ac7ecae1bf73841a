/// What is done about kernels that would touch memory beside their buffers.
public enum BoundsMode: String, Sendable, Hashable, Codable, CaseIterable {
  /// Nothing: kernels run at full speed and are trusted.
  case off
  /// Every buffer lies between guard bytes, which are compared after every dispatch; what is wrong is an
  /// error that names kernel and buffer. Every dispatch is waited for.
  case validate
  /// Indices outside of a bound range are led back into it or come to nothing, so that memory beside it
  /// stays as it was.
  case enforce
}
