package tcpserver

// report fires the Error event; c may be nil.
func (r *run) report(c *Conn, err *Error) {
	if event := r.errorEvent(c, err); event != nil {
		if c != nil {
			c.Tell(event)
			return
		}
		r.core.pump.NewLane(nil, func(any, []byte) {}).Tell(event)
	}
}

// reportHere fires the Error event inside a handler of c, whatever its queue
// holds.
func (r *run) reportHere(c *Conn, err *Error) {
	if event := r.errorEvent(c, err); event != nil {
		event()
	}
}

// errorEvent logs the error and returns what calls the hook, nil without one.
// A panic of this hook ends there: it would only cause the next Error.
func (r *run) errorEvent(c *Conn, err *Error) func() {
	if r.options.Logger != nil {
		r.options.Logger.Warn("error", "code", err.Code, "message", err.Message)
	}
	hook := r.options.Hooks.Error
	if hook == nil {
		return nil
	}
	return func() {
		defer func() { _ = recover() }()
		hook(c, err)
	}
}
