import Foundation
import PackagePlugin

/// Embeds every text (kernel sources, suites) and SPIR-V module of a target's folder in one Swift file.
@main struct EmbedShaders: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    guard let target = target as? SourceModuleTarget else { return [] }
    // SwiftPM lists headers apart from sources, and not to plugins: look for them ourselves.
    let headers = FileManager.default.enumerator(
      at: target.directoryURL, includingPropertiesForKeys: nil)?
      .compactMap { $0 as? URL }.filter { $0.pathExtension == "h" } ?? []
    let files = (target.sourceFiles.map(\.url) + headers)
      .filter { ["cl", "h", "inc", "comp", "spv", "json"].contains($0.pathExtension) }
      .sorted { $0.path < $1.path }
    let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedShaders.swift")
    return [
      .buildCommand(
        displayName: "Embedding \(files.count) files of \(target.name)",
        executable: try context.tool(named: "embed-shaders").url,
        arguments: [output.path, target.name] + files.map(\.path),
        inputFiles: files,
        outputFiles: [output])
    ]
  }
}
