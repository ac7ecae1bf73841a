import Synchronization

/// Recycling of what encoders record into, so that steady work allocates nothing per dispatch.
extension OpenCLDevice {
  /// Storages kept for reuse; more than this many encoders are rarely alive at once.
  private static let storageLimit = 16
  /// Inline data beyond this many bytes is not worth keeping.
  private static let byteLimit = 1 << 20

  func takeStorage() -> CommandStorage {
    storages.withLock { $0.popLast() } ?? CommandStorage()
  }

  /// Takes back a storage whose commands have completed or were never submitted.
  func recycle(_ storage: CommandStorage) {
    storage.reset()
    guard storage.bytes.capacity <= Self.byteLimit else { return }
    storages.withLock { if $0.count < Self.storageLimit { $0.append(storage) } }
  }
}
