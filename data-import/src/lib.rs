//! Importers of foreign formats, one module a format, writing to the scene's ObjectSink.
