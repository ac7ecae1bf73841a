import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The disk cache under everything that can happen to a process and its disk: results stay right.
@Suite("Cache under stress") struct CacheStressTests {
  /// An OpenCL device compiles and stores a kernel; the CPU back-end stores nothing.
  private static func device() throws -> String {
    guard let device = CommandRunner.devices.first(where: { $0.hasPrefix("opencl") }) else {
      try Test.cancel("not run: no OpenCL device")
    }
    return device
  }

  /// A selftest of few problems: exit code 0 only with right results. Drivers keep caches of their
  /// own, which are given a folder per test: what they do when disturbed is not asked here.
  private static func command(
    _ device: String, _ folder: String, prefix: String = ""
  ) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c",
      prefix + "exec \"$0\" selftest --device \(device) --op gemm --count 4 --variants 2",
      CommandRunner.path,
    ]
    process.environment = ProcessInfo.processInfo.environment.merging([
      "TESSERA_CACHE": folder + "/tessera", "POCL_CACHE_DIR": folder + "/driver",
    ]) { $1 }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    return process
  }

  private static func status(_ process: Process) throws -> Int32 {
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test func `processes killed at any moment leave nothing wrong behind`() throws {
    let device = try Self.device()
    try CommandRunner.withFolder { folder in
      for step in 0..<8 {
        let victim = Self.command(device, folder)
        try victim.run()
        usleep(useconds_t(30_000 * (step + 1)))
        kill(victim.processIdentifier, SIGKILL)
        victim.waitUntilExit()
      }
      #expect(try Self.status(Self.command(device, folder)) == 0)
    }
  }

  @Test func `processes that start together share one cache`() throws {
    let device = try Self.device()
    try CommandRunner.withFolder { folder in
      let both = [Self.command(device, folder), Self.command(device, folder)]
      for process in both { try process.run() }
      for process in both {
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
      }
    }
  }

  @Test func `a disk that takes nothing costs the cache and nothing else`() throws {
    // Of the drivers, PoCL itself ends the process when it cannot write; lavapipe does not.
    guard let device = CommandRunner.devices.first(where: { $0.hasPrefix("vulkan") }) else {
      try Test.cancel("not run: no Vulkan device")
    }
    try CommandRunner.withFolder { folder in
      // No file may grow: every write fails as on a full disk.
      let full = Self.command(device, folder, prefix: "trap '' XFSZ; ulimit -f 0; ")
      #expect(try Self.status(full) == 0)
      let entries = try FileManager.default.contentsOfDirectory(atPath: folder + "/tessera/v1")
      #expect(entries.isEmpty, "\(entries)")
    }
  }

  @Test func `a folder that is no folder, or not writable, means no cache`() throws {
    let device = try Self.device()
    try CommandRunner.withFolder { folder in
      try Data("not a folder".utf8).write(to: URL(fileURLWithPath: folder + "/tessera"))
      #expect(try Self.status(Self.command(device, folder)) == 0)
      try FileManager.default.removeItem(atPath: folder + "/tessera")
      try FileManager.default.createDirectory(
        atPath: folder + "/tessera/v1", withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o500])
      #expect(try Self.status(Self.command(device, folder)) == 0)
    }
  }

  @Test func `entries full of noise are rebuilt`() throws {
    let device = try Self.device()
    try CommandRunner.withFolder { folder in
      #expect(try Self.status(Self.command(device, folder)) == 0)
      let entries = folder + "/tessera/v1"
      for name in try FileManager.default.contentsOfDirectory(atPath: entries) {
        let noise = Data((0..<4096).map { _ in UInt8.random(in: 0...255) })
        try noise.write(to: URL(fileURLWithPath: entries + "/" + name))
      }
      #expect(try Self.status(Self.command(device, folder)) == 0)
    }
  }
}
