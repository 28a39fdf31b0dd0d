/** A module that does not call `serve`. */
