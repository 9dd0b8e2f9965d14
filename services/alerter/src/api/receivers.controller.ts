import { receiverChangeSchemaOf, receiverInputSchemaOf } from '@everflame/contract';
import { Caller, type Principal, validate } from '@everflame/service-kit';
import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { type AnyReceiverInput, ReceiverCatalog } from '../application/receiver-catalog.ts';

@Controller('api/v1/receivers')
export class ReceiversController {
  readonly #catalog: ReceiverCatalog;

  constructor(@Inject(ReceiverCatalog) catalog: ReceiverCatalog) {
    this.#catalog = catalog;
  }

  @Get()
  async list(@Caller() principal: Principal) {
    const receivers = await this.#catalog.list(principal);
    return { receivers: receivers.map((receiver) => this.#catalog.show(receiver)) };
  }

  @Post()
  async create(@Caller() principal: Principal, @Body() body: unknown) {
    const input = validate(receiverInputSchemaOf(this.#catalog.settings), body, 'receiver');
    return this.#catalog.show(await this.#catalog.create(principal, input as AnyReceiverInput));
  }

  @Put(':name')
  async replace(@Caller() principal: Principal, @Param('name') name: string, @Body() body: unknown) {
    const change = validate(receiverChangeSchemaOf(this.#catalog.settings), body, 'receiver');
    return this.#catalog.show(
      await this.#catalog.replace(principal, { ...change, name } as AnyReceiverInput),
    );
  }

  @Delete(':name')
  @HttpCode(204)
  async delete(@Caller() principal: Principal, @Param('name') name: string): Promise<void> {
    await this.#catalog.delete(principal, name);
  }
}
