import Foundation
import Testing
import TesseraCore
import TesseraRuntime

@Suite struct DiskCacheTests {
  private let folder = FileManager.default.temporaryDirectory.path + "/tessera-\(UUID().uuidString)"

  @Test func `returns what was stored, also to another process's view`() throws {
    let cache = try #require(DiskCache(folder: folder))
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(cache.read("a") == nil)
    #expect(cache.write("a", [1, 2, 3]))
    #expect(cache.read("a") == [1, 2, 3])
    #expect(try #require(DiskCache(folder: folder)).read("a") == [1, 2, 3])
    let mode = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int
    #expect(mode == 0o700)
  }

  @Test func `any damage reads as absent`() throws {
    let cache = try #require(DiskCache(folder: folder))
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let payload = (0..<200).map { UInt8($0) }
    cache.write("k", payload)
    let path = folder + "/k"
    let intact = try Data(contentsOf: URL(fileURLWithPath: path))
    for position in intact.indices {
      var damaged = intact
      damaged[position] ^= 0x10
      try damaged.write(to: URL(fileURLWithPath: path))
      #expect(cache.read("k") == nil, "byte \(position)")
    }
    for length in stride(from: 0, to: intact.count, by: 7) {
      try intact.prefix(length).write(to: URL(fileURLWithPath: path))
      #expect(cache.read("k") == nil, "length \(length)")
    }
    try (intact + [0]).write(to: URL(fileURLWithPath: path))
    #expect(cache.read("k") == nil)
    try intact.write(to: URL(fileURLWithPath: path))
    #expect(cache.read("k") == payload)
  }

  @Test func `refuses links, entries of other keys, and files and folders that others can write`() throws {
    let cache = try #require(DiskCache(folder: folder))
    defer { try? FileManager.default.removeItem(atPath: folder) }
    cache.write("real", [9])
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/link", withDestinationPath: folder + "/real")
    #expect(cache.read("link") == nil)
    // What others could have written, and what was written for another kernel.
    try FileManager.default.copyItem(atPath: folder + "/real", toPath: folder + "/other")
    #expect(cache.read("other") == nil)
    #expect(cache.read("real") == [9])
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o666], ofItemAtPath: folder + "/real")
    #expect(cache.read("real") == nil)
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
    #expect(DiskCache(folder: folder) == nil)
  }

  @Test func `what belongs to another user is refused`() throws {
    // Only the superuser can give files away.
    guard geteuid() == 0 else { try Test.cancel("not run: needs the superuser") }
    let cache = try #require(DiskCache(folder: folder))
    defer { try? FileManager.default.removeItem(atPath: folder) }
    cache.write("k", [1])
    #expect(cache.read("k") == [1])
    #expect(chown(folder + "/k", 65_534, 65_534) == 0)
    #expect(cache.read("k") == nil)
    #expect(chown(folder, 65_534, 65_534) == 0)
    #expect(DiskCache(folder: folder) == nil)
  }

  @Test func `drops the oldest entries over its limit`() throws {
    let cache = try #require(DiskCache(folder: folder, limit: 40_000))
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for index in 0..<20 { cache.write("entry\(index)", [UInt8](repeating: 1, count: 5_000)) }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(left.count < 9 && !left.isEmpty)
  }

  @Test func `concurrent writers of one key leave a whole entry`() async throws {
    let cache = try #require(DiskCache(folder: folder))
    defer { try? FileManager.default.removeItem(atPath: folder) }
    await withTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask {
          for _ in 0..<50 {
            cache.write("shared", [UInt8](repeating: UInt8(writer), count: 3_000 + writer))
            if let read = cache.read("shared") {
              #expect(read.count == 3_000 + Int(read[0]) && read.allSatisfy { $0 == read[0] })
            }
          }
        }
      }
    }
    #expect(cache.read("shared") != nil)
  }
}
