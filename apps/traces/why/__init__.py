"""Why a set of traces is slower, or fails more, than another set. Pure: figures in, findings and sentences out."""
