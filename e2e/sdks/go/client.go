package main

import (
	"encoding/json"
	"sync/atomic"
	"time"

	"github.com/centrifugal/centrifuge-go"
)

// client is one client of the program; the SDK keeps what it has subscribed to.
type client struct {
	name string
	sdk  *centrifuge.Client
}

const (
	minDelay = 50 * time.Millisecond
	maxDelay = 200 * time.Millisecond
)

var asks atomic.Int64

func newClient(c command) *client {
	one := &client{name: c.Client}
	config := centrifuge.Config{
		Data:              c.Data,
		MinReconnectDelay: minDelay,
		MaxReconnectDelay: maxDelay,
		EnableCompression: c.Compressed,
	}
	if c.PingDelayMs != 0 {
		config.MaxServerPingDelay = time.Duration(c.PingDelayMs) * time.Millisecond
	}
	if c.Token != nil {
		config.Token = *c.Token
	}
	if c.Asks {
		config.GetToken = func(centrifuge.ConnectionTokenEvent) (string, error) { return one.ask("") }
	}
	if c.Protobuf {
		one.sdk = centrifuge.NewProtobufClient(c.URL, config)
	} else {
		one.sdk = centrifuge.NewJsonClient(c.URL, config)
	}
	one.listen()
	return one
}

func (one *client) say(event string, more line) {
	more["of"], more["event"] = one.name, event
	say(more)
}

func (one *client) ask(channel string) (string, error) {
	number := asks.Add(1)
	answer := make(chan *string, 1)
	asked.Store(number, answer)
	say(line{"of": one.name, "ask": number, "channel": channel})
	token := <-answer
	if token == nil {
		return "", centrifuge.ErrUnauthorized
	}
	return *token, nil
}

func (one *client) listen() {
	sdk := one.sdk
	sdk.OnConnecting(func(e centrifuge.ConnectingEvent) { one.say("connecting", line{"code": e.Code, "reason": e.Reason}) })
	sdk.OnConnected(func(e centrifuge.ConnectedEvent) {
		one.say("connected", line{"client": e.ClientID, "data": raw(e.Data)})
	})
	sdk.OnDisconnected(func(e centrifuge.DisconnectedEvent) {
		one.say("disconnected", line{"code": e.Code, "reason": e.Reason})
	})
	sdk.OnError(func(e centrifuge.ErrorEvent) { one.say("error", line{"error": errorOf(e.Error)}) })
	sdk.OnSubscribing(func(e centrifuge.ServerSubscribingEvent) { one.say("server-subscribing", line{"channel": e.Channel}) })
	sdk.OnSubscribed(func(e centrifuge.ServerSubscribedEvent) {
		said := subscribedOf(e.WasRecovering, e.Recovered, e.Recoverable, e.Positioned, e.StreamPosition, e.Data)
		said["channel"] = e.Channel
		one.say("server-subscribed", said)
	})
	sdk.OnUnsubscribed(func(e centrifuge.ServerUnsubscribedEvent) { one.say("server-unsubscribed", line{"channel": e.Channel}) })
	sdk.OnPublication(func(e centrifuge.ServerPublicationEvent) {
		said := publicationOf(e.Publication)
		said["channel"] = e.Channel
		one.say("server-publication", said)
	})
	sdk.OnJoin(func(e centrifuge.ServerJoinEvent) {
		one.say("server-join", line{"channel": e.Channel, "info": infoOf(&e.ClientInfo)})
	})
	sdk.OnLeave(func(e centrifuge.ServerLeaveEvent) {
		one.say("server-leave", line{"channel": e.Channel, "info": infoOf(&e.ClientInfo)})
	})
}

func (one *client) subscribe(c command) error {
	config := centrifuge.SubscriptionConfig{
		Data:                c.Data,
		Positioned:          c.Positioned,
		Recoverable:         c.Recoverable,
		JoinLeave:           c.JoinLeave,
		Delta:               centrifuge.DeltaType(c.Delta),
		MinResubscribeDelay: minDelay,
		MaxResubscribeDelay: maxDelay,
	}
	if c.Token != nil {
		config.Token = *c.Token
	}
	if c.Asks {
		config.GetToken = func(e centrifuge.SubscriptionTokenEvent) (string, error) { return one.ask(e.Channel) }
	}
	if c.Tag != nil {
		config.TagsFilter = centrifuge.FilterEq(c.Tag.Key, c.Tag.Value)
	}
	if c.State != nil {
		config.GetState = func(centrifuge.SubscriptionGetStateEvent) (centrifuge.StreamPosition, error) {
			return centrifuge.StreamPosition{Offset: c.State.Offset, Epoch: c.State.Epoch}, nil
		}
	}
	subscription, err := one.sdk.NewSubscription(c.Channel, config)
	if err != nil {
		return err
	}
	one.follow(subscription, c.Brief)
	return subscription.Subscribe()
}

func (one *client) follow(subscription *centrifuge.Subscription, brief bool) {
	tell := func(event string, more line) {
		more["channel"] = subscription.Channel
		one.say(event, more)
	}
	subscription.OnSubscribing(func(e centrifuge.SubscribingEvent) { tell("subscribing", line{"code": e.Code, "reason": e.Reason}) })
	subscription.OnSubscribed(func(e centrifuge.SubscribedEvent) {
		tell("subscribed", subscribedOf(e.WasRecovering, e.Recovered, e.Recoverable, e.Positioned, e.StreamPosition, e.Data))
	})
	subscription.OnUnsubscribed(func(e centrifuge.UnsubscribedEvent) { tell("unsubscribed", line{"code": e.Code, "reason": e.Reason}) })
	subscription.OnPublication(func(e centrifuge.PublicationEvent) {
		told := publicationOf(e.Publication)
		if brief {
			told["data"] = onlyN(e.Data)
		}
		tell("publication", told)
	})
	subscription.OnJoin(func(e centrifuge.JoinEvent) { tell("join", line{"info": infoOf(&e.ClientInfo)}) })
	subscription.OnLeave(func(e centrifuge.LeaveEvent) { tell("leave", line{"info": infoOf(&e.ClientInfo)}) })
	subscription.OnError(func(e centrifuge.SubscriptionErrorEvent) { tell("subscription-error", line{"error": errorOf(e.Error)}) })
}

// raw is a payload as the driver reads it: JSON in both formats, absent where there is none; bytes where it is no JSON.
func raw(data []byte) any {
	if len(data) == 0 {
		return nil
	}
	if !json.Valid(data) {
		return line{"bytes": data}
	}
	return json.RawMessage(data)
}

// onlyN is what a brief subscription tells of a payload.
func onlyN(data []byte) any {
	var payload struct {
		N int `json:"n"`
	}
	if err := json.Unmarshal(data, &payload); err != nil {
		return line{"broken": err.Error()}
	}
	return line{"n": payload.N}
}

func infoOf(info *centrifuge.ClientInfo) line {
	if info == nil {
		return nil
	}
	return line{"user": info.User, "client": info.Client, "conn": raw(info.ConnInfo), "chan": raw(info.ChanInfo)}
}

func publicationOf(p centrifuge.Publication) line {
	return line{"data": raw(p.Data), "offset": p.Offset, "tags": p.Tags, "info": infoOf(p.Info)}
}

func subscribedOf(wasRecovering, recovered, recoverable, positioned bool, at *centrifuge.StreamPosition, data []byte) line {
	said := line{
		"wasRecovering": wasRecovering,
		"recovered":     recovered,
		"recoverable":   recoverable,
		"positioned":    positioned,
		"data":          raw(data),
	}
	if at != nil {
		said["position"] = position{Offset: at.Offset, Epoch: at.Epoch}
	}
	return said
}
