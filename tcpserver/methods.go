package tcpserver

// The methods of the component name a connection by its ConnectionID. Each is the
// method of [Connection] of that name; code 126 says that there is no such
// connection.

// Send is [Connection.Send].
func (s *Server) Send(connectionID string, data []byte) (int, error) {
	return on(s, connectionID, func(c *Connection) (int, error) { return c.Send(data) })
}

// SendBytes is [Connection.Send].
func (s *Server) SendBytes(connectionID string, data []byte) (int, error) {
	return s.Send(connectionID, data)
}

// SendText is [Connection.SendText].
func (s *Server) SendText(connectionID, text string) (int, error) {
	return on(s, connectionID, func(c *Connection) (int, error) { return c.SendText(text) })
}

// SendLine is [Connection.SendLine].
func (s *Server) SendLine(connectionID, text string) (int, error) {
	return on(s, connectionID, func(c *Connection) (int, error) { return c.SendLine(text) })
}

// SendFile is [Connection.SendFile].
func (s *Server) SendFile(connectionID, fileName string) (int64, error) {
	return on(s, connectionID, func(c *Connection) (int64, error) { return c.SendFile(fileName) })
}

// Interrupt is [Connection.Interrupt].
func (s *Server) Interrupt(connectionID string) error {
	return do(s, connectionID, (*Connection).Interrupt)
}

// PauseData is [Connection.PauseData].
func (s *Server) PauseData(connectionID string) error {
	return do(s, connectionID, (*Connection).PauseData)
}

// ProcessData is [Connection.ProcessData].
func (s *Server) ProcessData(connectionID string) error {
	return do(s, connectionID, (*Connection).ProcessData)
}

// ChangeRecordLength is [Connection.ChangeRecordLength].
func (s *Server) ChangeRecordLength(connectionID string, n int) error {
	_, err := on(s, connectionID, func(c *Connection) (int, error) { return n, c.ChangeRecordLength(n) })
	return err
}

// StartSSL is [Connection.StartSSL].
func (s *Server) StartSSL(connectionID string) error {
	_, err := on(s, connectionID, func(c *Connection) (int, error) { return 0, c.StartSSL() })
	return err
}

// Disconnect is [Connection.Disconnect].
func (s *Server) Disconnect(connectionID string) error {
	return do(s, connectionID, (*Connection).Disconnect)
}

// on calls a method of a connection.
func on[T any](s *Server, id string, call func(*Connection) (T, error)) (result T, err error) {
	c, ok := s.Connection(id)
	if !ok {
		return result, NoConnection(id)
	}
	return call(c)
}

// do is on for methods without a result.
func do(s *Server, id string, call func(*Connection)) error {
	_, err := on(s, id, func(c *Connection) (struct{}, error) { call(c); return struct{}{}, nil })
	return err
}
